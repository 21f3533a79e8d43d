"""Documents for customers: what they say, and the HTML pieces they are made of."""
