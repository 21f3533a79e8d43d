"""Maps: customers' places put right, and the maps of this computer and the company."""
