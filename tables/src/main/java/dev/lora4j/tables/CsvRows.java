package dev.lora4j.tables;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import dev.lora4j.data.RowText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The rows of csv and tsv files with a header. Every cell is a text; an empty cell is null. */
public final class CsvRows implements RowFormat {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public Set<String> endings() {
    return Set.of("csv", "tsv");
  }

  @Override
  public void read(Path file, RowConsumer rows) {
    char delimiter = RowFormat.ending(file).equals("tsv") ? '\t' : ',';
    long row = 0;
    try (BufferedReader text = RowText.open(file)) {
      CsvParser parser = new CsvParser(text, delimiter);
      List<String> header = header(file, parser.record());
      row++;
      List<String> cells = parser.record();
      while (!cells.isEmpty() && rows.accept(row, json(file, row, header, cells))) {
        row++;
        cells = parser.record();
      }
    } catch (CsvParser.Violation e) {
      throw new CorruptFile(file, place(row) + ": " + e.getMessage(), e);
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, notUtf8(file), e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  private static String place(long row) {
    return row == 0 ? "header" : "row " + row;
  }

  private static List<String> header(Path file, List<String> cells) {
    List<String> names = new ArrayList<>();
    Set<String> distinct = new HashSet<>();
    for (String cell : cells) {
      String name = cell.isEmpty() ? "column" + names.size() : cell;
      if (!distinct.add(name)) {
        throw new CorruptFile(file, "header: two columns are named " + name);
      }
      names.add(name);
    }
    return names;
  }

  private static String json(Path file, long row, List<String> header, List<String> cells) {
    if (cells.size() != header.size()) {
      throw new CorruptFile(
          file,
          "row %d: expected %d cell%s, as in the header, found %d%s"
              .formatted(
                  row,
                  header.size(),
                  header.size() == 1 ? "" : "s",
                  cells.size(),
                  cells.size() > header.size() ? "; put texts with delimiters in quotes" : ""));
    }
    ObjectNode json = JSON.createObjectNode();
    for (int i = 0; i < cells.size(); i++) {
      String cell = cells.get(i);
      json.put(header.get(i), cell.isEmpty() ? null : cell);
    }
    return json.toString();
  }

  /** Names the first line with other bytes; the decoder itself reads ahead of the rows. */
  private static String notUtf8(Path file) {
    long line = 1;
    try (BufferedReader text =
        new BufferedReader(new InputStreamReader(RowText.bytes(file), ISO_8859_1))) {
      for (String bytes = text.readLine(); bytes != null; bytes = text.readLine(), line++) {
        UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.getBytes(ISO_8859_1)));
      }
    } catch (CharacterCodingException e) {
      return "line " + line + " is not UTF-8 text; save the file with the encoding UTF-8";
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
    return "it is not UTF-8 text; save the file with the encoding UTF-8";
  }
}
