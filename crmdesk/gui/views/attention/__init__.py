"""Attention: how often customers are seen and called, what data propose, what a change does."""
