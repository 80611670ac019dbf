package dev.lora4j.cli.embed;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** One JSON object a line: the fields of the row, and its {@code embedding}. */
public final class JsonLines implements EmbeddingSink {
  /** The name of the field with the embedding, which replaces one of the row. */
  static final String EMBEDDING = "embedding";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final OutputStream out;

  /**
   * @param out where to write; stays open
   */
  public JsonLines(OutputStream out) {
    this.out = new BufferedOutputStream(out, 1 << 16);
  }

  @Override
  public void write(TextRow row, float... embedding) throws IOException {
    ObjectNode line = row.fields().deepCopy();
    ArrayNode values = line.putArray(EMBEDDING);
    for (float value : embedding) {
      values.add(value);
    }
    out.write(JSON.writeValueAsBytes(line));
    out.write('\n');
  }

  @Override
  public void finish() throws IOException {
    out.flush();
  }
}
