"""One small function or two per family of factors, in the dialect that DuckDB, Polars and Spark share."""
