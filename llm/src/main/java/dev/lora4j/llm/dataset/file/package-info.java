/**
 * Data files as rows of JSON: JSON Lines, JSON, csv and tsv are read here, other formats by the
 * {@link dev.lora4j.data.RowFormat}s on the class path.
 *
 * <pre>{@code
 * DataFile file = DataFile.of(Path.of("chats.json"));
 * List<String> splits = file.splits().names(); // such as train and validation, or none
 * file.read((number, json) -> number < 10); // the first ten rows
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.dataset.file;

import org.jspecify.annotations.NullMarked;
