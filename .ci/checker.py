"""What the checkers have in common: statements in, verdicts out, and no verdict from a parser that is asleep.

In:  a JSON array of {"name", "sql"}.
Out: a JSON array of {"name", "errors"}, in the same order; no errors means that the parser took the whole text.
A non-zero exit means that nothing was judged, and says why.
"""

import json
import sys


# No dialect takes this.
BROKEN = "DELETE FROM ossys_server WHERE"


def main(judge):
    """`judge` turns a list of SQL texts into a list of lists of errors."""
    try:
        asked = json.load(sys.stdin)
        texts = [case["sql"] for case in asked]
        names = [case["name"] for case in asked]
        # The broken text goes last, so that it also shows the parser to be awake after all the others.
        verdicts = judge([*texts, BROKEN])
        if len(verdicts) != len(texts) + 1:
            raise RuntimeError(f"{len(texts) + 1} texts went in, {len(verdicts)} verdicts came out")
        if not verdicts.pop():
            raise RuntimeError(f"the parser accepted what is broken on purpose: {BROKEN}")
    except Exception as why:
        sys.exit(f"nothing was checked: {type(why).__name__}: {why}")
    json.dump([{"name": n, "errors": e} for n, e in zip(names, verdicts)], sys.stdout, indent=1, ensure_ascii=False)
    print()
