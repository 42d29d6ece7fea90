"""Another client than the one that envclone uses: Oracle's driver for Python, in its thin mode.

Called with a port, it goes through what the test next to it has a server for. The first thing that is not as it should be
ends it with an error.
"""

import datetime
import decimal
import sys

import oracledb

PORT = int(sys.argv[1])
LONG = "é€" * 30000


def connect(user="system", password="let me in", service="freepdb1", **more):
    return oracledb.connect(user=user, password=password, dsn=f"127.0.0.1:{PORT}/{service}", **more)


def code(call):
    try:
        call()
    except oracledb.Error as error:
        return error.args[0].full_code
    raise AssertionError("it did not fail")


def logins():
    connection = connect()
    assert connection.version.startswith(("19.", "23.")), connection.version
    connection.ping()
    connection.close()
    assert code(lambda: connect(password="let me out")) == "ORA-01017"
    assert code(lambda: connect(user="nobody")) == "ORA-01017"
    assert code(lambda: connect(user="locked")) == "ORA-28000"
    try:
        connect(service="other")
    except oracledb.Error as error:
        assert "DPY-6001" in str(error), error
    connect(mode=oracledb.AUTH_MODE_SYSDBA).close()


def binds(cursor):
    when = datetime.datetime(2026, 11, 27, 9, 8, 7)
    exact = datetime.datetime(1899, 12, 31, 23, 59, 59, 123456)
    values = ["naïve", 42, decimal.Decimal("-12.5"), when, exact, b"\x00\xff", None, ""]
    cursor.setinputsizes(None, None, None, oracledb.DB_TYPE_DATE, oracledb.DB_TYPE_TIMESTAMP, None, None, None)
    cursor.execute("UPDATE all_types SET a=:1, b=:2, c=:3, d=:4, e=:5, f=:6, g=:7, h=:8", values)
    assert cursor.rowcount == 1
    cursor.execute("INSERT INTO long_texts VALUES (:long, :short)", long=LONG, short="x")
    cursor.executemany("INSERT INTO many VALUES (:1, :2)", [(number, "x" * (number % 9)) for number in range(2000)])
    assert cursor.rowcount == 4000, cursor.rowcount
    cursor.executemany("INSERT INTO counted VALUES (:1)", [(1,), (2,), (3,)], arraydmlrowcounts=True)
    assert cursor.getarraydmlrowcounts() == [1, 2, 3]


def blocks(cursor):
    number, text, lob = cursor.var(int), cursor.var(str), cursor.var(oracledb.DB_TYPE_CLOB)
    for _ in range(2):
        cursor.execute("BEGIN out_values(:a, :n, :t, :c); END;", ["in", number, text, lob])
        assert number.getvalue() == 42
        assert text.getvalue() == "text"
        assert lob.getvalue().read() == LONG


def rows(cursor):
    cursor.execute("SELECT * FROM all_types")
    types = [column[1] for column in cursor.description]
    assert types[:3] == [oracledb.DB_TYPE_NUMBER, oracledb.DB_TYPE_NUMBER, oracledb.DB_TYPE_VARCHAR], types
    row, empty = cursor.fetchall()
    assert row[:5] == (7, decimal.Decimal("-12.5") + 0, "naïve", "ñandú €", "ab   "), row
    assert row[5:] == (datetime.datetime(2026, 1, 2, 3, 4, 5), datetime.datetime(2026, 1, 2, 3, 4, 5, 600000), b"\x01\x02", -2.5)
    assert empty == (None,) * 9, empty

    cursor.arraysize, cursor.prefetchrows = 50, 10
    cursor.execute("SELECT n FROM numbers")
    assert [row[0] for row in cursor.fetchmany(30)] == list(range(30))
    assert [row[0] for row in cursor.fetchall()] == list(range(30, 1000))
    cursor.execute("SELECT n FROM nothing")
    assert cursor.fetchall() == [] and cursor.description[0][0] == "N"


def lobs(connection, cursor):
    for _ in range(2):
        cursor.execute("SELECT * FROM lobs")
        (text, data, nothing), = cursor.fetchall()
        assert text.size() == 60000 and text.read() == LONG
        assert data.read(1, 3) == b"\x07\x07\x07" and data.size() == 100000
        assert nothing is None
    # A statement that the driver has a cursor for goes on as it began.
    oracledb.defaults.fetch_lobs = False
    cursor.execute("SELECT x.* FROM lobs x")
    assert cursor.fetchall() == [(LONG, b"\x07" * 100000, None)]
    oracledb.defaults.fetch_lobs = True
    temporary = connection.createlob(oracledb.DB_TYPE_CLOB)
    temporary.write("naïve")
    assert temporary.read() == "naïve"
    cursor.execute("INSERT INTO lobs VALUES (:1)", [temporary])


def errors(connection, cursor):
    assert code(lambda: cursor.execute("SELECT 1 FROM nowhere")) == "ORA-00942"
    try:
        cursor.execute("SELECT 1 FROM nowhere")
    except oracledb.DatabaseError as error:
        assert error.args[0].offset == 14 and error.args[0].message.startswith("ORA-00942: table"), error
    connection.call_timeout = 300
    assert code(lambda: cursor.execute("SELECT slowly FROM dual")) == "DPY-4024"
    connection.call_timeout = 0
    cursor.execute("SELECT n FROM nothing")
    assert cursor.fetchall() == []


def transactions(connection, cursor):
    cursor.execute("UPDATE all_types SET a = 1")
    connection.commit()
    connection.rollback()
    connection.autocommit = True
    cursor.execute("UPDATE all_types SET a = 2")
    connection.autocommit = False
    connection.current_schema = "ELSEWHERE"
    connection.module = "envclone"
    connection.ping()


logins()
with connect() as connection, connection.cursor() as cursor:
    binds(cursor)
    blocks(cursor)
    rows(cursor)
    lobs(connection, cursor)
    errors(connection, cursor)
    transactions(connection, cursor)
print("done")
