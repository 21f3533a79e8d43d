"""Order: taking an order by keyboard, in packagings, with prices and totals."""
