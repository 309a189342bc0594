"""LightGBM: boosted trees with its own treatment of categories."""

import task

# The best on average over the four tables of: 31 leaves; 7 leaves; 15 leaves of depth 4, with four fifths of rows and columns a
# tree; the same with half of the columns and stronger penalties.
FORM = {"num_leaves": 15, "max_depth": 4, "subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.8}


def main():
    found, clock = task.arguments(), task.Clock()
    import lightgbm

    clock.end_of("import")
    common = {"random_state": task.SEED, "n_jobs": found.threads, "verbosity": -1}
    for fold in task.folds(found, clock):
        fold.as_categories()
        if found.settings == "equal":
            model = lightgbm.LGBMClassifier(
                n_estimators=task.ROUNDS,
                learning_rate=task.EQUAL_LEARNING_RATE,
                num_leaves=task.LEAVES,
                max_bin=task.BINS,
                **common,
            )
            model.fit(fold.train, fold.y)
        else:
            features, kept_features, y, kept_y = fold.apart()
            model = lightgbm.LGBMClassifier(
                n_estimators=task.MOST_ROUNDS,
                learning_rate=task.LEARNING_RATE,
                **FORM,
                **common,
            )
            stop = lightgbm.early_stopping(task.PATIENCE, verbose=False)
            model.fit(features, y, eval_X=kept_features, eval_y=kept_y, eval_metric="binary_logloss", callbacks=[stop])
        clock.end_of("fit")
        probability = model.predict_proba(fold.test)[:, 1]
        clock.end_of("score")
        fold.write(probability)
        clock.end_of("write")
    task.finish(clock)


if __name__ == "__main__":
    main()
