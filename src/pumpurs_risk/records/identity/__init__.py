"""Who a row is about: names split off, keyed pseudonyms, namesakes, personal codes found."""
