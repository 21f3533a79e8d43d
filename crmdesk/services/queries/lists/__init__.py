"""Lists of everything: what there is to show, filter, sort, add up and edit, told once per list."""
