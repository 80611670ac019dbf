package dev.lora4j.llm.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * The names of a model's outputs, in their order, as {@code id2label} of {@code config.json} holds
 * them.
 *
 * @param names the name of label 0, 1, …
 */
public record LabelNames(List<String> names) {
  private static final String ID2LABEL = "id2label";
  private static final String LABEL2ID = "label2id";
  private static final String NUM_LABELS = "num_labels";
  private static final int MAX_LABELS = 100_000;

  public LabelNames {
    names = List.copyOf(names);
    Set<String> distinct = new HashSet<>();
    for (String name : names) {
      if (!distinct.add(name)) {
        throw new UserError("two labels are named '" + name + "'");
      }
    }
  }

  /** Names sorted: integers by value, others alphabetically. */
  public static LabelNames sorted(Collection<String> found) {
    boolean numbers = found.stream().allMatch(name -> name.matches("-?\\d{1,18}"));
    Comparator<String> order =
        numbers ? Comparator.comparingLong(Long::parseLong) : Comparator.naturalOrder();
    return new LabelNames(found.stream().distinct().sorted(order).toList());
  }

  /**
   * Reads the labels of a config: {@code id2label}, or {@code LABEL_0} and so on for {@code
   * num_labels}.
   *
   * @return empty if the config names no labels
   */
  public static Optional<LabelNames> in(JsonDocument config) {
    if (config.has(ID2LABEL)) {
      TreeMap<Integer, String> byId = new TreeMap<>();
      for (var entry : config.object(ID2LABEL).fields()) {
        byId.put(id(config, entry.getKey()), entry.getValue().asText());
      }
      if (!byId.isEmpty() && byId.lastKey() != byId.size() - 1) {
        throw config.wrong(ID2LABEL, "names of the labels 0 to n − 1", byId.keySet());
      }
      return Optional.of(new LabelNames(List.copyOf(byId.values())));
    }
    return config.has(NUM_LABELS)
        ? Optional.of(numbered(config.size(NUM_LABELS)))
        : Optional.empty();
  }

  private static int id(JsonDocument config, String key) {
    if (!key.matches("\\d{1,6}")) {
      throw config.wrong(ID2LABEL, "an object with the keys 0 to n − 1", key);
    }
    return Integer.parseInt(key);
  }

  /** Transformers' default names: {@code LABEL_0}, {@code LABEL_1}, …. */
  public static LabelNames numbered(int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < Math.min(count, MAX_LABELS); i++) {
      names.add("LABEL_" + i);
    }
    return new LabelNames(names);
  }

  public int size() {
    return names.size();
  }

  public String name(int index) {
    return names.get(index);
  }

  /**
   * The index of a label: its position by name, else the number itself if it is the position of a
   * name.
   */
  public OptionalInt find(String label) {
    int index = names.indexOf(label);
    if (index < 0 && label.matches("\\d{1,6}") && Integer.parseInt(label) < size()) {
      index = Integer.parseInt(label);
    }
    return index < 0 ? OptionalInt.empty() : OptionalInt.of(index);
  }

  /**
   * The index of a label.
   *
   * @param place file and row, for the message
   * @throws UserError if there is no such label
   */
  public int require(String label, String place) {
    return find(label)
        .orElseThrow(
            () ->
                new UserError(
                    "%s: the label '%s' is not one of the model's %,d%s"
                        .formatted(place, label, size(), NearMiss.hint(label, names))));
  }

  /** Writes {@code id2label} and {@code label2id}, as transformers does. */
  public void putInto(ObjectNode config) {
    ObjectNode id2label = config.putObject(ID2LABEL);
    ObjectNode label2id = config.putObject(LABEL2ID);
    for (int i = 0; i < size(); i++) {
      id2label.put(Integer.toString(i), name(i));
      label2id.put(name(i), i);
    }
    config.remove(NUM_LABELS);
  }

  /** The text of a label in a row; a whole number without decimals. */
  public static String text(JsonNode value) {
    boolean whole =
        value.isFloatingPointNumber() && value.asDouble() == Math.rint(value.asDouble());
    return whole
        ? Long.toString(value.asLong())
        : Objects.requireNonNullElse(value.asText(), "").strip();
  }
}
