"""The facts behind factors: one file per kind of record, each giving rows of evidence."""
