"""EASE (Steck 2019) in numpy, as its users write it, in the normalised denoising form.

The matrix is weighted down for customers and products that have much; the penalty is a part of the mean of the Gram matrix's
diagonal and a part of each product's own. Products of fewer customers than `least` are left out: their columns hold next to
nothing, and an inverse costs the cube of the products.
"""

import os

import task

CUSTOMER_POWER, PRODUCT_POWER = 0.25, 0.2
# Weight of the rows, penalties, whether scores are brought back to the product's own scale, and the fewest customers of a product:
# the best on the validation rows of a grid.
SETTINGS = {
    ("online_retail", "all"): {"weight": "count", "flat": 1.0, "dropout": 0.2, "rescaled": True, "least": 1},
    ("online_retail", "new"): {"weight": "binary", "flat": 10.0, "dropout": 0.2, "rescaled": False, "least": 1},
    ("journey", "all"): {"weight": "count", "flat": 100.0, "dropout": 0.2, "rescaled": True, "least": 3},
    ("lastfm", "new"): {"weight": "log", "flat": 10.0, "dropout": 0.5, "rescaled": False, "least": 2},
}


def main():
    found, clock = task.arguments(), task.Clock()
    os.environ["OPENBLAS_NUM_THREADS"] = str(found.threads)
    import numpy as np
    from scipy.linalg import lapack
    from scipy.sparse import diags

    clock.end_of("import")
    form = SETTINGS[found.input.name, found.task]
    known = task.read(found, form["weight"])
    clock.end_of("read")

    kept = np.flatnonzero(np.asarray((known.matrix > 0).sum(axis=0)).ravel() >= form["least"])
    matrix = known.matrix[:, kept]
    customers, products = (np.maximum(np.asarray(matrix.sum(axis=axis)).ravel(), 1e-9) for axis in (1, 0))
    scaled = (diags(customers**-CUSTOMER_POWER) @ matrix @ diags(products**-PRODUCT_POWER)).astype(np.float32).tocsr()
    gram = (scaled.T @ scaled).toarray()
    own = np.diag(gram).copy()
    gram[np.diag_indices_from(gram)] += form["flat"] * own.mean() + form["dropout"] / (1.0 - form["dropout"]) * own
    # LAPACK takes columns, and the matrix is symmetric: its transpose is itself, without a copy.
    root, failed = lapack.spotrf(gram.T, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(root, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the Gram matrix has no inverse")
    inverse = np.tril(inverse)
    inverse += np.tril(inverse, -1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    clock.end_of("fit")

    rows = scaled[known.asked] if form["rescaled"] else matrix[known.asked]
    scores = rows @ weights
    if form["rescaled"]:
        scores *= (products**PRODUCT_POWER).astype(np.float32)
    if found.task == "new":
        scores[matrix[known.asked].nonzero()] = -np.inf
    length = min(task.LENGTH, len(kept))
    places = np.argpartition(-scores, length - 1, axis=1)[:, :length]
    values = np.take_along_axis(scores, places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    places, values = (np.take_along_axis(part, order, axis=1) for part in (places, values))
    clock.end_of("score")
    task.write(found, known, kept[places], values)
    clock.end_of("write")
    task.finish(clock)


if __name__ == "__main__":
    main()
