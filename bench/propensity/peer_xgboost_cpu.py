"""XGBoost (its package without GPU code): boosted trees by histograms, with its own treatment of categories."""

import task

# The best on average over the four tables of: depths 3 to 6, with and without drawing rows and columns, and penalties.
FORM = {"max_depth": 4, "subsample": 0.8, "colsample_bytree": 0.5, "min_child_weight": 5, "reg_lambda": 5.0}


def main():
    found, clock = task.arguments(), task.Clock()
    import xgboost

    clock.end_of("import")
    common = {"tree_method": "hist", "enable_categorical": True, "random_state": task.SEED, "n_jobs": found.threads}
    for fold in task.folds(found, clock):
        fold.as_categories()
        if found.settings == "equal":
            model = xgboost.XGBClassifier(
                n_estimators=task.ROUNDS,
                learning_rate=task.EQUAL_LEARNING_RATE,
                grow_policy="lossguide",
                max_leaves=task.LEAVES,
                max_depth=0,
                max_bin=task.BINS,
                **common,
            )
            model.fit(fold.train, fold.y)
        else:
            features, kept_features, y, kept_y = fold.apart()
            model = xgboost.XGBClassifier(
                n_estimators=task.MOST_ROUNDS,
                learning_rate=task.LEARNING_RATE,
                early_stopping_rounds=task.PATIENCE,
                eval_metric="logloss",
                **FORM,
                **common,
            )
            model.fit(features, y, eval_set=[(kept_features, kept_y)], verbose=False)
        clock.end_of("fit")
        probability = model.predict_proba(fold.test)[:, 1]
        clock.end_of("score")
        fold.write(probability)
        clock.end_of("write")
    task.finish(clock)


if __name__ == "__main__":
    main()
