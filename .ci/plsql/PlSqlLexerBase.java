import org.antlr.v4.runtime.CharStream;
import org.antlr.v4.runtime.IntStream;
import org.antlr.v4.runtime.Lexer;

/** What the lexer's grammar asks of its host. */
public abstract class PlSqlLexerBase extends Lexer {
    protected PlSqlLexerBase(CharStream input) {
        super(input);
    }

    /** SQL*Plus knows PROMPT and REM only as the first word of a line; anywhere else they are names. */
    protected boolean IsNewlineAtPos(int offset) {
        int character = getInputStream().LA(offset);
        return character == '\n' || character == IntStream.EOF;
    }
}
