/**
 * Metrics of text tasks, computed from predictions and targets, and the calibration of
 * probabilities.
 *
 * <p>Names and conventions are those of scikit-learn: <em>precision</em> is the share of a class's
 * predictions that are right, <em>recall</em> the share of its examples that are found, <em>F1</em>
 * their harmonic mean, and a <em>macro</em> average counts each class once. A class without
 * predictions has precision 0.
 *
 * <pre>{@code
 * ClassificationScore score = ClassificationScore.of(names, targets, probabilities);
 * double f1 = score.macroF1();
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.task.score;

import org.jspecify.annotations.NullMarked;
