package dev.lora4j.models.text;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A file of training data: jsonl, json, csv, tsv, parquet, or plain text. Its rows are read one
 * after the other, never all at once.
 *
 * @param file where it is
 * @param form what its rows are, as the first one tells
 */
public record TextData(Path file, DataForm form) {
  private static final String PLAIN_TEXT = "txt";

  /**
   * Looks at a file's first row and finds out what it is.
   *
   * @throws UserError when there is no such file, or no row, or its fields tell nothing
   * @throws CorruptFile when it is not what its name says
   */
  public static TextData open(Path file) {
    if (RowFormat.ending(file).equals(PLAIN_TEXT)) {
      if (!Files.isRegularFile(file)) {
        throw new UserError("cannot read " + file + ": there is no such file");
      }
      return new TextData(file, DataForm.DOCUMENT);
    }
    List<DataForm> first = new ArrayList<>();
    DataFile.read(
        file,
        (number, json) -> {
          first.add(new RowParser(file, number, json).form());
          return false;
        });
    if (first.isEmpty()) {
      throw new UserError(file + ": there is no row in it");
    }
    return new TextData(file, first.get(0));
  }

  /**
   * Hands out all rows in the file's order.
   *
   * @throws UserError naming the file and the row where a row is not of the file's form
   */
  public void forEach(Consumer<TextRow> taker) {
    if (form == DataForm.DOCUMENT) {
      taker.accept(new TextRow(file, 1, new Sample.Document(wholeText())));
      return;
    }
    DataFile.read(
        file,
        (number, json) -> {
          taker.accept(new RowParser(file, number, json).parse(form));
          return true;
        });
  }

  /** All rows, for data that is known to be small. */
  public List<TextRow> rows() {
    List<TextRow> rows = new ArrayList<>();
    forEach(rows::add);
    return rows;
  }

  private String wholeText() {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "it is not UTF-8 text", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }
}
