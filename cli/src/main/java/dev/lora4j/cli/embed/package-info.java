/**
 * Input and output of {@code lora embed}: rows with a text, and files of embeddings.
 *
 * <p>A <em>text row</em> is the row of a data file with the column that is embedded; the file's
 * other fields pass through to jsonl and parquet output. npy output is a matrix {@code [texts,
 * dimensions]} of float32 in the order of the rows.
 */
@NullMarked
package dev.lora4j.cli.embed;

import org.jspecify.annotations.NullMarked;
