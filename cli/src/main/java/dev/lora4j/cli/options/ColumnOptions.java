package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextData;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options for reading data: its columns and its encoding. */
public final class ColumnOptions {
  @Option(
      names = "--columns",
      paramLabel = "FIELD=COLUMN,…",
      description =
          "Columns of the data that have other names, such as prompt=question,completion=answer.")
  private @Nullable String columns;

  @Option(
      names = "--strict",
      description = "Refuse data with columns that are not used, instead of ignoring them.")
  private boolean strict;

  @Option(
      names = "--encoding",
      paramLabel = "NAME",
      description =
          "Encoding of text files, such as windows-1252; a byte order mark takes precedence"
              + " (default: UTF-8).")
  private @Nullable String encoding;

  /** Returns the options for reading rows. */
  public TextData.Options options() {
    Map<String, String> names = new LinkedHashMap<>();
    for (String part : columns == null ? new String[0] : columns.split(",")) {
      String[] pair = part.strip().split("=", 2);
      if (pair.length < 2 || pair[0].isBlank() || pair[1].isBlank()) {
        throw new UserError("--columns: expected FIELD=COLUMN, found '" + part + "'");
      }
      names.put(pair[0].strip(), pair[1].strip());
    }
    TextData.Options options = new TextData.Options(names, strict);
    return encoding == null ? options : options.encoding(encoding);
  }
}
