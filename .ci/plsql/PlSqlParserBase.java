import java.util.Set;
import org.antlr.v4.runtime.Parser;
import org.antlr.v4.runtime.TokenStream;

/** What the parser's grammar asks of its host: the server's version, and two looks ahead that settle what is ambiguous. */
public abstract class PlSqlParserBase extends Parser {
    private static final Set<Integer> NUMERIC_FUNCTIONS = Set.of(
            PlSqlParser.AVG, PlSqlParser.COUNT, PlSqlParser.GREATEST, PlSqlParser.LEAST,
            PlSqlParser.MAX, PlSqlParser.MIN, PlSqlParser.ROUND, PlSqlParser.SUM);

    private static final Set<Integer> JOIN_STARTS = Set.of(
            PlSqlParser.CROSS, PlSqlParser.FULL, PlSqlParser.INNER, PlSqlParser.JOIN,
            PlSqlParser.LEFT, PlSqlParser.NATURAL, PlSqlParser.OUTER, PlSqlParser.RIGHT);

    protected PlSqlParserBase(TokenStream input) {
        super(input);
    }

    /** These functions have a rule of their own, so they are not to be read as calls of something named so. */
    protected boolean IsNotNumericFunction() {
        return !NUMERIC_FUNCTIONS.contains(getTokenStream().LA(1));
    }

    /** None of these words is reserved, so without this LEFT in `FROM a LEFT JOIN b` could be an alias of a. */
    protected boolean isNotStartOfJoin() {
        return !JOIN_STARTS.contains(getTokenStream().LA(1));
    }

    // Servers before 12c are out of the driver's reach, so the grammar need not hold back what is newer.

    protected boolean isVersion10() {
        return true;
    }

    protected boolean isVersion11() {
        return true;
    }

    protected boolean isVersion12() {
        return true;
    }
}
