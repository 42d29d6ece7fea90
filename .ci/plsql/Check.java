import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.antlr.v4.runtime.BaseErrorListener;
import org.antlr.v4.runtime.CharStreams;
import org.antlr.v4.runtime.CommonTokenStream;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.RecognitionException;
import org.antlr.v4.runtime.Recognizer;
import org.antlr.v4.runtime.tree.ErrorNode;
import org.antlr.v4.runtime.tree.ParseTreeListener;
import org.antlr.v4.runtime.tree.TerminalNode;

/**
 * Parses the texts on standard input, each ended by a NUL, and answers each with its errors, one a line, and a NUL.
 * NUL because no SQL holds one, so neither side needs to parse the frame.
 */
public final class Check {
    /** The expectations of a grammar this size run to pages; what is wrong stands in front of them. */
    private static final int LONGEST = 200;

    public static void main(String[] arguments) throws IOException {
        String input = new String(System.in.readAllBytes(), UTF_8);
        PrintStream output = new PrintStream(System.out, false, UTF_8);
        int start = 0;
        for (int end; (end = input.indexOf('\0', start)) >= 0; start = end + 1) {
            output.print(String.join("\n", errors(input.substring(start, end))) + '\0');
        }
        output.flush();
    }

    private static List<String> errors(String sql) {
        List<String> errors = new ArrayList<>();
        BaseErrorListener collect = new BaseErrorListener() {
            @Override
            public void syntaxError(
                    Recognizer<?, ?> by, Object symbol, int line, int column, String message, RecognitionException why) {
                errors.add(describe(line, message));
            }
        };
        PlSqlLexer lexer = new PlSqlLexer(CharStreams.fromString(sql));
        PlSqlParser parser = new PlSqlParser(new CommonTokenStream(lexer));
        for (Recognizer<?, ?> each : List.of(lexer, parser)) {
            each.removeErrorListeners();
            each.addErrorListener(collect);
        }
        parser.addParseListener(new UnendedBlocks(parser, errors));
        parser.sql_script();
        return errors;
    }

    private static String describe(int line, String message) {
        String whole = "line " + line + ": " + message;
        return whole.length() <= LONGEST ? whole : whole.substring(0, LONGEST) + " ...";
    }

    /** The grammar is content with `BEGIN ... END`; the server wants the semicolon, as it is part of the block. */
    private record UnendedBlocks(PlSqlParser parser, List<String> errors) implements ParseTreeListener {
        @Override
        public void exitEveryRule(ParserRuleContext rule) {
            if (rule instanceof PlSqlParser.Anonymous_blockContext
                    && parser.getTokenStream().LA(1) != PlSqlParser.SEMICOLON) {
                errors.add(describe(rule.getStop().getLine(), "a block ends with a semicolon"));
            }
        }

        @Override
        public void enterEveryRule(ParserRuleContext rule) {}

        @Override
        public void visitTerminal(TerminalNode node) {}

        @Override
        public void visitErrorNode(ErrorNode node) {}
    }
}
