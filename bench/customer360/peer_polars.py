"""The customer 360 in Polars: lazy frames on the streaming engine, from Parquet to Parquet."""

import argparse
import os
from datetime import datetime, timedelta
from pathlib import Path

CUTOFF = datetime(2026, 1, 1)


def facts(pl, tables, name):
    """The rows of a fact table, which is stored in the order of its customers."""
    return pl.scan_parquet(tables / f"{name}.parquet").set_sorted("customer_key")


def orders_of(pl, tables):
    sale = pl.col("kind") == "sale"
    net_sales = pl.col("gross_sales") - pl.col("discount") - pl.col("refund")
    in_90_days = pl.col("ordered_at") >= CUTOFF - timedelta(days=90)
    in_365_days = pl.col("ordered_at") >= CUTOFF - timedelta(days=365)
    return (
        facts(pl, tables, "orders")
        .group_by("customer_key")
        .agg(
            pl.col("ordered_at").filter(sale).min().alias("first_order_at"),
            pl.col("ordered_at").filter(sale).max().alias("last_order_at"),
            sale.sum().cast(pl.Int64).alias("orders"),
            (pl.col("kind") == "return").sum().cast(pl.Int64).alias("returns"),
            pl.col("gross_sales").sum(),
            pl.col("discount").sum().alias("discounts"),
            pl.col("refund").sum().alias("refunds"),
            (sale & in_90_days).sum().cast(pl.Int64).alias("orders_90d"),
            net_sales.filter(in_365_days).sum().alias("net_sales_365d"),
            # The channels with the most sales, and of those the first by name.
            pl.col("channel").filter(sale).mode().min().alias("favourite_channel"),
        )
    )


def events_of(pl, tables):
    view = pl.col("name") == "product_view"
    return (
        facts(pl, tables, "events")
        .group_by("customer_key")
        .agg(
            pl.len().cast(pl.Int64).alias("events"),
            pl.col("occurred_at").dt.date().n_unique().cast(pl.Int64).alias("active_days"),
            view.sum().cast(pl.Int64).alias("product_views"),
            pl.col("occurred_at").max().alias("last_event_at"),
            pl.col("product_key").filter(view).n_unique().cast(pl.Int64).alias("products_viewed"),
        )
    )


def touchpoints_of(pl, tables):
    return (
        facts(pl, tables, "touchpoints")
        .group_by("customer_key")
        .agg(pl.len().cast(pl.Int64).alias("touchpoints"), pl.col("cost").sum().alias("touch_cost"))
    )


def customer_360(pl, tables):
    counts = ["orders", "returns", "orders_90d", "events", "active_days", "product_views", "products_viewed", "touchpoints"]
    amounts = ["gross_sales", "discounts", "refunds", "net_sales_365d", "touch_cost"]
    net_sales = pl.col("gross_sales") - pl.col("discounts") - pl.col("refunds")
    return (
        pl.scan_parquet(tables / "customers.parquet")
        .select("customer_key", "country")
        .join(orders_of(pl, tables), on="customer_key", how="left")
        .join(events_of(pl, tables), on="customer_key", how="left")
        .join(touchpoints_of(pl, tables), on="customer_key", how="left")
        .with_columns(pl.col(*counts, *amounts).fill_null(0))
        .select(
            "customer_key",
            "country",
            "first_order_at",
            "last_order_at",
            "orders",
            "returns",
            "gross_sales",
            "discounts",
            "refunds",
            net_sales.alias("net_sales"),
            pl.when(pl.col("orders") > 0)
            .then(net_sales.cast(pl.Float64) / pl.col("orders"))
            .alias("average_order_value"),
            (pl.lit(CUTOFF) - pl.col("last_order_at")).dt.total_days().alias("days_since_last_order"),
            "orders_90d",
            "net_sales_365d",
            "favourite_channel",
            "events",
            "active_days",
            "product_views",
            "last_event_at",
            "products_viewed",
            "touchpoints",
            "touch_cost",
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--parquet", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    # Read once, when Polars is loaded.
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)
    import polars as pl

    customer_360(pl, arguments.tables).sink_parquet(
        arguments.parquet, compression="zstd", engine="streaming", maintain_order=False
    )


if __name__ == "__main__":
    main()
