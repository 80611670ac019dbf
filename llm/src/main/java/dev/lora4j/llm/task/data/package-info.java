/**
 * Labelled texts: data files as rows, rows as tokenized examples, and a report on them.
 *
 * <p>The columns have the names that data sets on the Hub use: {@code text, label}; {@code
 * sentence1, sentence2, label}; {@code tokens, ner_tags}; {@code anchor, positive, negative};
 * {@code query, passage, score}. Other names are mapped to these.
 *
 * <pre>{@code
 * TaskFile file = TaskFile.open(path, TextTask.TEXT_CLASSIFICATION, TextData.Options.DEFAULT);
 * file.forEach(row -> System.out.println(row.texts() + " " + row.target()));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.task.data;

import org.jspecify.annotations.NullMarked;
