"""Writes the input of the customer360 bench: four Parquet tables of a shop with planted skew.

At scale 1: 0.5M customers, 5M orders, 20M events and 5M touchpoints over two years. Facts are sorted by
(customer_key, time). The same scale and seed give the same rows.
"""

import argparse
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CUSTOMERS, ORDERS, EVENTS, TOUCHPOINTS = 500_000, 5_000_000, 20_000_000, 5_000_000
PRODUCTS = 20_000
CUSTOMERS_A_CHUNK = 25_000
EVENTS_A_SESSION = 4
SHARE_WITHOUT_ORDERS = 0.2

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1)
START = (datetime(2024, 1, 1) - EPOCH).days * DAY
CUTOFF = (datetime(2026, 1, 1) - EPOCH).days * DAY

COUNTRIES = ["GB", "DE", "FR", "NL", "IE", "ES", "US", "SE", "PL", "AU"]
ORDER_CHANNELS = ["web", "app", "store", "marketplace", "phone"]
EVENT_NAMES = ["page_view", "product_view", "add_to_cart", "search", "newsletter_open"]
NAMES_WITH_PRODUCT = [False, True, True, False, False]
MEDIA = ["paid_search", "email", "paid_social", "organic", "display", "affiliate", "direct"]
MEDIA_COST = [0.60, 0.01, 0.45, 0.0, 0.20, 0.80, 0.0]

TIMESTAMP = pa.timestamp("us")
MONEY = pa.decimal128(18, 4)
SCHEMAS = {
    "customers": pa.schema(
        [("customer_key", pa.int64()), ("customer_id", pa.string()), ("created_at", TIMESTAMP), ("country", pa.string())]
    ),
    "orders": pa.schema(
        [("customer_key", pa.int64()), ("order_id", pa.string()), ("ordered_at", TIMESTAMP)]
        + [("kind", pa.string()), ("channel", pa.string())]
        + [(name, MONEY) for name in ("gross_sales", "discount", "refund", "tax", "shipping")]
    ),
    "events": pa.schema(
        [("customer_key", pa.int64()), ("occurred_at", TIMESTAMP), ("name", pa.string()), ("product_key", pa.int64())]
    ),
    "touchpoints": pa.schema(
        [("customer_key", pa.int64()), ("occurred_at", TIMESTAMP), ("channel", pa.string())]
        + [("campaign", pa.string()), ("cost", MONEY)]
    ),
}


SORTED_BY = {
    "customers": ["customer_key"],
    "orders": ["customer_key", "ordered_at"],
    "events": ["customer_key", "occurred_at"],
    "touchpoints": ["customer_key", "occurred_at"],
}


def falling_shares(items, exponent=1.0):
    """Shares that fall like 1 / rank^exponent, adding up to one."""
    weights = 1.0 / np.arange(1, items + 1) ** exponent
    return weights / weights.sum()


def pick(rng, items, size, exponent=1.0):
    """Indices of `items` things, the first ones far more often than the last."""
    cumulative = np.cumsum(falling_shares(items, exponent))
    return np.minimum(np.searchsorted(cumulative, rng.random(size)), items - 1)


def words(indices, names):
    """The names at `indices` as a string array."""
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(names)).cast(pa.string())


def money(amounts):
    """Amounts rounded to cents as exact decimals with four fractional digits."""
    units = np.rint(np.asarray(amounts) * 100).astype(np.int64) * 100
    halves = np.stack([units, units >> 63], axis=1)  # 128-bit two's complement, low half first
    return pa.Array.from_buffers(MONEY, len(units), [None, pa.py_buffer(np.ascontiguousarray(halves))])


def order_of(keys, times):
    """The permutation that sorts by customer, then time."""
    return np.lexsort((times, keys))


def customers_chunk(rng, keys, created_at):
    ids = pa.array([f"C{key:08d}" for key in keys])
    countries = words(pick(rng, len(COUNTRIES), len(keys)), COUNTRIES)
    return [pa.array(keys), ids, pa.array(created_at).cast(TIMESTAMP), countries]


def orders_chunk(rng, keys, created_at, counts, first_order):
    owner = np.repeat(np.arange(len(keys)), counts)
    size = len(owner)
    times = created_at[owner] + (rng.random(size) * (CUTOFF - created_at[owner])).astype(np.int64)
    # Half of the orders come through the customer's own favourite channel.
    own = pick(rng, len(ORDER_CHANNELS), len(keys))[owner]
    channel = np.where(rng.random(size) < 0.5, own, pick(rng, len(ORDER_CHANNELS), size))
    is_return = rng.random(size) < 0.05
    basket = np.round(rng.lognormal(3.6, 0.8, size), 2) + 1.0
    gross = np.where(is_return, 0.0, basket)
    discount = np.where(rng.random(size) < 0.3, gross * rng.choice([0.1, 0.2, 0.3], size), 0.0)
    refund = np.where(is_return, basket, np.where(rng.random(size) < 0.02, (gross - discount) * 0.5, 0.0))
    tax = (gross - discount) * 0.2
    shipping = np.where(is_return | (gross > 50), 0.0, 4.95)
    by = order_of(owner, times)
    ids = pa.array([f"O{number:09d}" for number in range(first_order, first_order + size)])
    amounts = [money(amount[by]) for amount in (gross, discount, refund, tax, shipping)]
    kinds = words(is_return[by].astype(np.int32), ["sale", "return"])
    return [
        pa.array(keys[owner[by]]), ids, pa.array(times[by]).cast(TIMESTAMP), kinds,
        words(channel[by], ORDER_CHANNELS), *amounts,
    ]  # fmt: skip


def events_chunk(rng, keys, created_at, counts):
    owner = np.repeat(np.arange(len(keys)), counts)
    size = len(owner)
    # Events come in sessions: each takes one of its customer's session starts and a few minutes.
    sessions = np.maximum(counts // EVENTS_A_SESSION, 1)
    first_session = np.concatenate([[0], np.cumsum(sessions)[:-1]])
    session_owner = np.repeat(np.arange(len(keys)), sessions)
    room = CUTOFF - created_at[session_owner]
    starts = created_at[session_owner] + (rng.random(len(session_owner)) * room).astype(np.int64)
    session = first_session[owner] + (rng.random(size) * sessions[owner]).astype(np.int64)
    times = np.minimum(starts[session] + (rng.exponential(300, size) * SECOND).astype(np.int64), CUTOFF - 1)
    name = np.searchsorted(np.cumsum([0.52, 0.31, 0.09, 0.05]), rng.random(size))
    product = pick(rng, PRODUCTS, size, exponent=0.8) + 1
    by = order_of(owner, times)
    no_product = ~np.array(NAMES_WITH_PRODUCT)[name[by]]
    return [
        pa.array(keys[owner[by]]), pa.array(times[by]).cast(TIMESTAMP), words(name[by], EVENT_NAMES),
        pa.array(product[by].astype(np.int64), mask=no_product),
    ]  # fmt: skip


def touchpoints_chunk(rng, keys, created_at, counts):
    owner = np.repeat(np.arange(len(keys)), counts)
    size = len(owner)
    times = created_at[owner] + (rng.random(size) * (CUTOFF - created_at[owner])).astype(np.int64)
    channel = pick(rng, len(MEDIA), size, exponent=0.6)
    campaign = channel * 12 + pick(rng, 12, size)
    names = [f"{channel}_{number:02d}" for channel in MEDIA for number in range(1, 13)]
    cost = np.array(MEDIA_COST)[channel] * rng.uniform(0.5, 1.5, size)
    by = order_of(owner, times)
    return [
        pa.array(keys[owner[by]]), pa.array(times[by]).cast(TIMESTAMP), words(channel[by], MEDIA),
        words(campaign[by], names), money(cost[by]),
    ]  # fmt: skip


def generate(folder, scale, seed):
    """Writes the four tables into `folder` and prints their row counts."""
    customers = int(CUSTOMERS * scale)
    rng = np.random.default_rng([seed, 0])
    rates = rng.gamma(0.8, 1.0, customers) + 1e-6
    buys = rng.random(customers) >= SHARE_WITHOUT_ORDERS
    browsing = rng.gamma(1.2, 1.0, customers) + 0.05
    # People join over the whole window, more than half of them in its first third.
    created_at = START + (rng.beta(1.0, 2.0, customers) * (CUTOFF - START - DAY)).astype(np.int64)

    def shared_out(total, weights):
        return rng.multinomial(int(total * scale), weights / weights.sum())

    orders = shared_out(ORDERS, rates * buys)
    events = shared_out(EVENTS, browsing)
    touchpoints = shared_out(TOUCHPOINTS, browsing + rates)

    folder.mkdir(parents=True, exist_ok=True)
    writers = {
        name: pq.ParquetWriter(
            folder / f"{name}.parquet",
            schema,
            compression="zstd",
            compression_level=3,
            # The files say what they are sorted by; whoever reads them may use it.
            sorting_columns=pq.SortingColumn.from_ordering(schema, [(column, "ascending") for column in SORTED_BY[name]], "at_end"),
        )
        for name, schema in SCHEMAS.items()
    }
    rows = dict.fromkeys(SCHEMAS, 0)
    for start in range(0, customers, CUSTOMERS_A_CHUNK):
        part = slice(start, min(start + CUSTOMERS_A_CHUNK, customers))
        keys = np.arange(part.start + 1, part.stop + 1, dtype=np.int64)
        chance = np.random.default_rng([seed, 1, start])
        chunks = {
            "customers": customers_chunk(chance, keys, created_at[part]),
            "orders": orders_chunk(chance, keys, created_at[part], orders[part], rows["orders"] + 1),
            "events": events_chunk(chance, keys, created_at[part], events[part]),
            "touchpoints": touchpoints_chunk(chance, keys, created_at[part], touchpoints[part]),
        }
        for name, columns in chunks.items():
            batch = pa.record_batch(columns, schema=SCHEMAS[name])
            writers[name].write_batch(batch, row_group_size=262_144)
            rows[name] += batch.num_rows
    for writer in writers.values():
        writer.close()
    print(", ".join(f"{count:,} {name}" for name, count in rows.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the tables into")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 30.5M rows; 0.1 a tenth of that")
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    generate(arguments.tables, arguments.scale, arguments.seed)
