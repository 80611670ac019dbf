/**
 * Predictions with task adapters: a classifier for programs, and predictions of whole files.
 *
 * <p>An adapter's directory describes its task in {@code config.json}, with the labels as
 * transformers writes them, and in {@code task.json}, with the calibration.
 *
 * <pre>{@code
 * try (TextClassifier classifier = TextClassifier.open(Path.of("all-MiniLM-L6-v2"))) {
 *   classifier.load("acme", Path.of("acme-tickets"));
 *   String label = classifier.classify("acme", "My card was charged twice").label();
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.task.predict;

import org.jspecify.annotations.NullMarked;
