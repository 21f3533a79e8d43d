"""Lists of everything: any kind of row, filtered by sentences, with saved views and totals."""
