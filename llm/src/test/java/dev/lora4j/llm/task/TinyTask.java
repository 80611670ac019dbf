package dev.lora4j.llm.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** The tiny classifier of {@code tools/task_fixtures.py}, with what PEFT computes. */
public final class TinyTask implements AutoCloseable {
  public static final Path DIRECTORY = Path.of("src/test/resources/fixtures/task/tiny");
  public static final Path ADAPTER = DIRECTORY.resolve("adapter");

  private final SafetensorsFile expected =
      SafetensorsFile.open(DIRECTORY.resolve("expected.safetensors"));

  public SafetensorsFile expected() {
    return expected;
  }

  private JsonNode metadata(String key) {
    try {
      return new ObjectMapper().readTree(Objects.requireNonNull(expected.metadata().get(key)));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The texts; pairs follow them in the expected tensors. */
  public List<String> texts() {
    List<String> texts = new ArrayList<>();
    metadata("texts").forEach(text -> texts.add(text.asText()));
    return texts;
  }

  public List<List<String>> pairs() {
    List<List<String>> pairs = new ArrayList<>();
    metadata("pairs").forEach(p -> pairs.add(List.of(p.get(0).asText(), p.get(1).asText())));
    return pairs;
  }

  public List<Integer> labels() {
    List<Integer> labels = new ArrayList<>();
    metadata("labels").forEach(label -> labels.add(label.asInt()));
    return labels;
  }

  /** The tokens of a text or, after them, a pair. */
  public TokenSequence tokens(int index) {
    return new TokenSequence(ints("ids." + index), ints("types." + index));
  }

  private int[] ints(String name) {
    return Arrays.stream(Ops.longs(expected.read(name))).mapToInt(Math::toIntExact).toArray();
  }

  /** Writes a file of sentences about cards, parcels and passwords, with their class. */
  public static Path tickets(Path file, int rows) {
    List<List<String>> words =
        List.of(
            List.of("card", "invoice"), List.of("parcel", "courier"), List.of("password", "login"));
    List<String> names = List.of("billing", "delivery", "access");
    StringBuilder csv = new StringBuilder("text,label\n");
    for (int i = 0; i < rows; i++) {
      List<String> own = words.get(i % 3);
      csv.append("my ").append(own.get((i / 3) % 2)).append(" was ");
      csv.append(i % 2 == 0 ? "late" : "not good").append(" and the ");
      csv.append(own.get((i / 5) % 2)).append(" too,").append(names.get(i % 3)).append('\n');
    }
    try {
      return Files.writeString(file, csv);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    expected.close();
  }
}
