"""Documents about trials that stand for themselves: a page, a paper's table, a badge."""
