"""Words of the business: values, states, rules and errors. Standard library only."""
