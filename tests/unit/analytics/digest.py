"""Writes a digest of a model and its forecasts; run by a test under other numeric libraries."""

import hashlib
import json
import sys
from dataclasses import fields

import numpy as np

from crmdesk.analytics.reorder import Forecasts, fit, purchase_days, score
from tests.unit.analytics.histories import invented_lines

AS_OF = 19_400


def digest() -> str:
    """SHA-256 over every bit of the model and of the forecasts of the invented trade."""
    purchases = purchase_days(invented_lines().until(AS_OF))
    model = fit(purchases, AS_OF)
    forecasts = score(purchases, model, AS_OF)
    result = hashlib.sha256(json.dumps(model.to_dict(), sort_keys=True).encode())
    for field in fields(Forecasts):
        result.update(np.asarray(getattr(forecasts, field.name)).tobytes())
    return result.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest())
