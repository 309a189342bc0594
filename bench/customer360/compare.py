"""The independent scorer of the customer360 bench: do all outputs hold the same customers and the same values?

Reads one Parquet file (or folder of Parquet files) a system, checks the 22 columns and their kinds, sorts by
customer_key and compares every column with the first output. Exact, but for average_order_value (1e-9, relative).
Exits with 1 where anything differs.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

COUNT, MONEY, TIME, TEXT, RATIO = pa.int64(), pa.decimal128(38, 4), pa.timestamp("us"), pa.string(), pa.float64()
COLUMNS = {
    "customer_key": COUNT,
    "country": TEXT,
    "first_order_at": TIME,
    "last_order_at": TIME,
    "orders": COUNT,
    "returns": COUNT,
    "gross_sales": MONEY,
    "discounts": MONEY,
    "refunds": MONEY,
    "net_sales": MONEY,
    "average_order_value": RATIO,
    "days_since_last_order": COUNT,
    "orders_90d": COUNT,
    "net_sales_365d": MONEY,
    "favourite_channel": TEXT,
    "events": COUNT,
    "active_days": COUNT,
    "product_views": COUNT,
    "last_event_at": TIME,
    "products_viewed": COUNT,
    "touchpoints": COUNT,
    "touch_cost": MONEY,
}
RELATIVE_TOLERANCE = 1e-9
MISMATCHES_SHOWN = 5


def same_kind(found, wanted):
    """Whether a column may be read as the wanted type without losing anything."""
    if pa.types.is_decimal(wanted):
        return pa.types.is_decimal(found) and found.scale == wanted.scale
    if pa.types.is_timestamp(wanted):
        return pa.types.is_timestamp(found) and found.unit == "us"
    if pa.types.is_string(wanted):
        return pa.types.is_string(found) or pa.types.is_large_string(found) or found == pa.string_view()
    return found == wanted


def read(path):
    """The output at `path` in one form, sorted by customer; or a list of what is wrong with its columns."""
    table = pq.read_table(path)
    names = list(COLUMNS)
    if table.column_names != names:
        return None, [f"columns are {table.column_names}, expected {names}"]
    wrong = [
        f"{name} is {table.schema.field(name).type}, expected {wanted}"
        for name, wanted in COLUMNS.items()
        if not same_kind(table.schema.field(name).type, wanted)
    ]
    if wrong:
        return None, wrong
    return table.cast(pa.schema(list(COLUMNS.items()))).sort_by("customer_key").combine_chunks(), []


def differing_rows(left, right):
    """The positions at which two columns differ; missing equals missing and nothing else."""
    if pa.types.is_floating(left.type):
        a, b = left.to_numpy(zero_copy_only=False), right.to_numpy(zero_copy_only=False)
        both_missing = np.array(left.is_null()) & np.array(right.is_null())
        return np.flatnonzero(~(np.isclose(a, b, rtol=RELATIVE_TOLERANCE, atol=0.0) | both_missing))
    equal = pc.fill_null(pc.equal(left, right), False)
    both_missing = pc.and_(left.is_null(), right.is_null())
    return np.flatnonzero(~np.array(pc.or_(equal, both_missing)))


def compare(reference, other):
    """What differs between two sorted outputs, in words."""
    if reference.num_rows != other.num_rows:
        return [f"{other.num_rows:,} customers, expected {reference.num_rows:,}"]
    problems = []
    for name in COLUMNS:
        left, right = (table.column(name).combine_chunks() for table in (reference, other))
        rows = differing_rows(left, right)
        if len(rows):
            keys = reference.column("customer_key")
            samples = "; ".join(
                f"customer {keys[row].as_py()}: {left[row].as_py()} against {right[row].as_py()}"
                for row in rows[:MISMATCHES_SHOWN].tolist()
            )
            problems.append(f"{name} differs for {len(rows):,} customers ({samples})")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outputs", type=Path, nargs="+", help="Parquet outputs; the first one is what the others are held against")
    arguments = parser.parse_args()
    reference, failed = None, False
    for path in arguments.outputs:
        table, problems = read(path)
        if table is not None and reference is not None:
            problems = compare(reference, table)
        elif table is not None:
            reference = table
            if table.column("customer_key").null_count or pc.count_distinct(table.column("customer_key")).as_py() != table.num_rows:
                problems = ["customer_key is missing or repeated"]
        for problem in problems:
            print(f"{path.stem}: {problem}", file=sys.stderr)
        failed |= bool(problems)
    if failed or reference is None:
        sys.exit(1)
    print(f"{len(arguments.outputs)} outputs agree on {reference.num_rows:,} customers and {len(COLUMNS)} columns")


if __name__ == "__main__":
    main()
