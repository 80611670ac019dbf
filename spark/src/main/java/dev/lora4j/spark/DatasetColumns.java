package dev.lora4j.spark;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.TextData;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The check of a Dataset's columns, before anything is computed. */
final class DatasetColumns {
  private DatasetColumns() {}

  /**
   * Checks that the columns are those of a data format.
   *
   * @param reading with the names of columns that are mapped to fields
   * @throws UserError naming the missing columns and the nearest ones
   */
  static void check(String[] columns, TextData.Options reading) {
    List<String> present = new ArrayList<>(List.of(columns));
    for (Map.Entry<String, String> mapped : reading.columns().entrySet()) {
      if (!present.contains(mapped.getValue())) {
        throw new UserError(
            "the Dataset has no column '%s', which is to be read as %s%s"
                .formatted(
                    mapped.getValue(), mapped.getKey(), NearMiss.hint(mapped.getValue(), present)));
      }
      present.add(mapped.getKey());
    }
    List.of(columns).forEach(name -> present.add(name.toLowerCase(Locale.ROOT)));
    DataFormat.require(present, List.of(columns), "the Dataset");
  }
}
