"""k-prototypes in kmodes: one start by the rule of Cao, the faster and steadier of its two."""

import sys

import task


def main():
    found, clock = task.arguments(), task.Clock()
    import pandas as pd
    from kmodes.kprototypes import KPrototypes

    clock.end_of("import")
    ids, numbers, categories = task.customers(found.input)
    clock.end_of("read")
    if not len(categories.columns):
        sys.exit("KPrototypes takes no numbers alone")

    # A table of objects, as its users hand it a data frame of both kinds.
    both = pd.concat([pd.DataFrame(numbers).astype(object), categories.astype(object)], axis=1).to_numpy()
    places = list(range(numbers.shape[1], both.shape[1]))
    model = KPrototypes(found.k, init="Cao", n_init=1, gamma=task.GAMMA, random_state=0, n_jobs=1)
    labels = model.fit_predict(both, categorical=places)
    clock.end_of("fit")
    task.finish(found, clock, ids, labels)


if __name__ == "__main__":
    main()
