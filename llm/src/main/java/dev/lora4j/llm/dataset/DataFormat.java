package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * A data format, recognised by its fields. {@link StandardFormat} has the usual ones; others are
 * found by {@link ServiceLoader}.
 */
public interface DataFormat {

  /** Returns one word, such as {@code chat}. */
  String word();

  /** Returns the fields that every row must have. */
  List<String> fields();

  /** Returns one line about the format and its training target. */
  String sentence();

  /**
   * Reads a row.
   *
   * @throws dev.lora4j.UserError if a field is missing or has another type
   */
  Sample parse(RowParser row);

  /**
   * Returns the name of an example.
   *
   * @param group the row's examples, counted from 1
   * @param index index of the example within the group
   */
  default String nameOf(int group, int index) {
    return "example " + group;
  }

  /** Returns all known formats. */
  static List<DataFormat> all() {
    List<DataFormat> all = new ArrayList<>(List.of(StandardFormat.values()));
    ServiceLoader.load(DataFormat.class, DataFormat.class.getClassLoader()).forEach(all::add);
    return all;
  }

  /**
   * Recognises rows with these fields: the first format all of whose fields are present, unless
   * another one has the same fields and more.
   */
  static Optional<DataFormat> of(Collection<String> present) {
    DataFormat found = null;
    for (DataFormat form : all()) {
      boolean fits = !form.fields().isEmpty() && present.containsAll(form.fields());
      if (fits && (found == null || form.fields().containsAll(found.fields()))) {
        found = form;
      }
    }
    return Optional.ofNullable(found);
  }

  /**
   * Recognises rows with these fields, or explains which are missing.
   *
   * @param present the names of the columns, and of fields that they are read as
   * @param columns the names of the columns
   * @param place of the columns, such as {@code the Dataset}
   * @throws UserError naming the columns, and the nearest fields
   */
  static DataFormat require(Collection<String> present, Collection<String> columns, String place) {
    return of(present).orElseThrow(() -> new UserError(place + ": " + ColumnNames.noForm(columns)));
  }
}
