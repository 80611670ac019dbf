/**
 * Tabular data sets in CSV and Parquet files, read by DuckDB.
 *
 * <p>A <i>table folder</i> holds one file named {@code train} and one named {@code test}. One
 * column is the <i>label</i>, a class or a regression target; all others are numeric
 * <i>features</i>.
 *
 * <pre>{@code
 * try (TableFolder.Splits tables = TableFolder.at(Path.of("iris"), "species").load()) {
 *   Dataset train = tables.train();
 *   List<String> classes = tables.classes();
 * }
 * }</pre>
 *
 * <p>Support for another table format belongs in this package.
 */
@NullMarked
package dev.lora4j.tables;

import org.jspecify.annotations.NullMarked;
