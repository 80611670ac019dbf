package dev.lora4j.llm.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A JSON Lines file; each line has a {@code step}. */
record MetricsFile(Path path, FileChannel out) implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Opens a file for appending after a step; later lines are removed.
   *
   * @throws UserError if the file can't be written
   */
  static MetricsFile after(Path path, long step) {
    try {
      StringBuilder kept = new StringBuilder();
      lines(path, step).forEach(line -> kept.append(line).append('\n'));
      AtomicFile.write(path, kept.toString().getBytes(StandardCharsets.UTF_8));
      return new MetricsFile(path, FileChannel.open(path, StandardOpenOption.APPEND));
    } catch (IOException e) {
      throw AtomicFile.explained(path, e);
    }
  }

  /** Returns the lines up to a step. An incomplete last line is dropped. */
  static List<String> lines(Path path, long step) throws IOException {
    List<String> kept = new ArrayList<>();
    if (Files.exists(path)) {
      for (String line : Files.readAllLines(path)) {
        if (stepOf(line) <= step) {
          kept.add(line);
        }
      }
    }
    return kept;
  }

  /**
   * Returns the complete lines.
   *
   * @throws UserError if the file can't be read
   */
  static List<JsonNode> read(Path path) {
    List<JsonNode> lines = new ArrayList<>();
    try {
      for (String line : lines(path, Long.MAX_VALUE - 1)) {
        lines.add(JSON.readTree(line));
      }
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
    return lines;
  }

  private static long stepOf(String line) {
    try {
      return JSON.readTree(line).path("step").asLong(Long.MAX_VALUE);
    } catch (JsonProcessingException e) {
      return Long.MAX_VALUE;
    }
  }

  static ObjectNode object(long step) {
    return JSON.createObjectNode().put("step", step);
  }

  void write(ObjectNode line) {
    try {
      byte[] bytes = (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
      AtomicFile.writeFully(out, ByteBuffer.wrap(bytes));
    } catch (IOException e) {
      throw AtomicFile.explained(path, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
