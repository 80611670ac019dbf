package dev.lora4j.spark.inference;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The columns from which rows are computed.
 *
 * @param text of the text
 * @param second of the second text of a pair; empty for none
 * @param adapter of the adapter's name; empty for {@code standard} in all rows
 * @param standard the adapter of rows that name none; empty for the base
 */
record RowColumns(String text, String second, String adapter, String standard)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /**
   * Checks that the columns exist and hold strings.
   *
   * @throws UserError naming the column, and the nearest
   */
  void check(StructType schema) {
    check(schema, text, "inputCol");
    if (!second.isEmpty()) {
      check(schema, second, "secondCol");
    }
    if (!adapter.isEmpty()) {
      check(schema, adapter, "adapterCol");
    }
  }

  private static void check(StructType schema, String column, String parameter) {
    List<String> names = List.of(schema.fieldNames());
    if (!names.contains(column)) {
      throw new UserError(
          "the Dataset has no column '%s' (%s)%s"
              .formatted(column, parameter, NearMiss.hint(column, names)));
    }
    if (!schema.apply(column).dataType().equals(DataTypes.StringType)) {
      throw new UserError(
          "column '%s' (%s) must hold strings, found %s"
              .formatted(column, parameter, schema.apply(column).dataType().simpleString()));
    }
  }

  /** Returns the input of a row; empty if it has no text. */
  Optional<TextInput> input(Row row) {
    Optional<String> other = second.isEmpty() ? Optional.empty() : value(row, second);
    if (!second.isEmpty() && other.isEmpty()) {
      return Optional.empty();
    }
    return value(row, text)
        .map(
            found ->
                new TextInput(
                    found,
                    other,
                    adapter.isEmpty() ? standard : value(row, adapter).orElse(standard)));
  }

  private static Optional<String> value(Row row, String column) {
    return Optional.ofNullable(row.<String>getAs(column));
  }
}
