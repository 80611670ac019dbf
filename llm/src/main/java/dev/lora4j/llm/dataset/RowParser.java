package dev.lora4j.llm.dataset;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.file.DataFile;
import dev.lora4j.llm.dataset.message.MessageParser;
import dev.lora4j.llm.tokenizer.Message;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the fields of one row; errors name file and row. */
public final class RowParser {
  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // as Python writes them
          .build();
  private static final String SYSTEM = "system";
  private static final String HISTORY = "history";
  private static final String INPUT = "input";
  private static final String TOOLS = "tools";
  private static final String VARIABLES = "chat_template_kwargs";

  /** The fields that some formats read where they are present. */
  static final Set<String> OPTIONAL = Set.of(SYSTEM, HISTORY, INPUT, TOOLS, VARIABLES);

  private static final Map<String, Boolean> FLAGS =
      Map.of("true", true, "1", true, "false", false, "0", false);

  private final DataFile file;
  private final long number;
  private final TextData.Options options;
  private final JsonNode row;
  private final Map<String, String> otherCase;
  private final Set<String> read = new HashSet<>();
  private final Set<String> notes = new TreeSet<>();
  private final MessageParser parser = new MessageParser();

  RowParser(DataFile file, long number, String json, TextData.Options options) {
    this.file = file;
    this.number = number;
    this.options = options;
    JsonNode read;
    try {
      read = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(
          file.path(), "row " + number + ": invalid JSON: " + e.getOriginalMessage(), e);
    }
    if (!(read instanceof ObjectNode object)) {
      throw wrong("expected an object with fields, found " + read.getNodeType());
    }
    if (!options.columns().isEmpty()) {
      rename(object);
    }
    otherCase = ColumnNames.inOtherCase(object);
    otherCase.forEach((known, name) -> object.set(known, object.remove(name)));
    row = object;
  }

  /** Opens a row for a format that is known; see {@link #finish}. */
  public static RowParser of(DataFile file, long number, String json, TextData.Options options) {
    return new RowParser(file, number, json, options);
  }

  private void rename(ObjectNode object) {
    ObjectNode before = object.deepCopy();
    object.remove(options.columns().values());
    options
        .columns()
        .forEach(
            (known, column) -> {
              if (before.has(column)) {
                object.set(known, before.get(column));
              }
            });
  }

  /** Checks that the row has every column that the options name. */
  public void requireColumns() {
    options
        .columns()
        .forEach(
            (known, column) -> {
              if (!row.has(known)) {
                throw wrong("no column " + column + NearMiss.hint(column, fields()));
              }
            });
  }

  /** Returns an error that names the row. */
  public UserError wrong(String problem) {
    return new UserError(location() + ": " + problem);
  }

  /** Returns file and row, for messages. */
  public String location() {
    return DataRow.location(file, number);
  }

  /** Returns the names of the row's fields. */
  public List<String> fields() {
    List<String> names = new ArrayList<>();
    row.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Recognises the format of the row. */
  DataFormat form() {
    return DataFormat.of(fields()).orElseThrow(() -> wrong(ColumnNames.noForm(fields())));
  }

  /**
   * Returns the fields with a value that were not read.
   *
   * @param form the word for the format
   * @throws UserError if there are any and the options are strict
   */
  public List<String> finish(String form) {
    List<String> ignored =
        fields().stream()
            .filter(name -> !read.contains(name) && hasValue(name))
            .map(name -> otherCase.getOrDefault(name, name))
            .toList();
    if (options.strict() && !ignored.isEmpty()) {
      throw wrong(
          "%s: the form %s does not read these columns; remove or rename them"
              .formatted(String.join(", ", ignored), form));
    }
    return ignored;
  }

  DataRow parse(DataFormat form) {
    Sample sample = form.parse(this);
    List<String> ignored = finish(form.word());
    notes.addAll(parser.notes());
    otherCase.forEach(
        (known, name) -> {
          if (read.contains(known)) {
            notes.add("column " + name + " as " + known);
          }
        });
    return new DataRow(file, number, sample, ignored, notes);
  }

  private boolean hasValue(String field) {
    JsonNode value = row.path(field);
    return !value.isNull() && !(value.isTextual() && value.asText().isEmpty());
  }

  /** Reads a conversation. */
  Sample chat(String field) {
    return conversation(messages(field), 0);
  }

  /** Reads a prompt with an answer: two texts, or two parts of a conversation. */
  public Sample answered(String prompt, String answer) {
    JsonNode first = required(prompt);
    JsonNode second = required(answer);
    if (first.isTextual() && second.isTextual() && !row.has(SYSTEM)) {
      return new Sample.Completion(first.asText(), second.asText());
    }
    if (first.isTextual() && second.isTextual()) {
      notes.add("prompt and completion beside system as a conversation");
    }
    List<Message> messages =
        new ArrayList<>(
            first.isTextual() ? List.of(Message.user(first.asText())) : messages(prompt));
    int given = messages.size();
    messages.addAll(
        second.isTextual() ? List.of(Message.assistant(second.asText())) : messages(answer));
    return conversation(messages, given);
  }

  /** An instruction with its input, earlier turns and output. */
  Sample instruction() {
    List<Message> before = new ArrayList<>();
    String system = optionalText(SYSTEM);
    if (!system.isEmpty()) {
      before.add(Message.system(system));
    }
    for (JsonNode turn : optional(HISTORY)) {
      if (turn.size() != 2 || !turn.path(0).isTextual() || !turn.path(1).isTextual()) {
        throw wrong("history: expected pairs of texts, question and answer; found " + turn);
      }
      before.add(Message.user(turn.path(0).asText()));
      before.add(Message.assistant(turn.path(1).asText()));
    }
    return new Sample.Instruction(text("instruction"), optionalText(INPUT), text("output"), before);
  }

  /** Adds the row's system turn, tools and template variables to its messages. */
  private Sample conversation(List<Message> messages, int given) {
    List<Message> all = new ArrayList<>(messages);
    String system = optionalText(SYSTEM);
    if (!system.isEmpty()) {
      if (messages.get(0).role().equals(SYSTEM)) {
        throw wrong("system: the conversation begins with a system message already");
      }
      all.add(0, Message.system(system));
    }
    Map<String, Object> variables = new LinkedHashMap<>();
    optional(VARIABLES).properties().stream()
        .filter(field -> !field.getValue().isNull())
        .forEach(
            field ->
                variables.put(field.getKey(), JSON.convertValue(field.getValue(), Object.class)));
    JsonNode tools = optional(TOOLS);
    if (!tools.isMissingNode() && !tools.isArray()) {
      throw wrong("tools: expected a list of tools, found " + tools.getNodeType());
    }
    if (tools.isArray()) {
      variables.putIfAbsent(TOOLS, JSON.convertValue(tools, Object.class));
    }
    return new Sample.Chat(all, given + all.size() - messages.size(), variables);
  }

  /** A field with a list or an object, or with its JSON text; a missing node if it is absent. */
  private JsonNode optional(String field) {
    JsonNode value = value(field);
    if (value == null || value.isNull() || (value.isTextual() && value.asText().isBlank())) {
      return MissingNode.getInstance();
    }
    JsonNode structure = value.isTextual() ? structure(field, value.asText()) : value;
    if (!structure.isContainerNode()) {
      throw wrong(field + ": expected a list or an object, found " + structure.getNodeType());
    }
    return structure;
  }

  private JsonNode structure(String field, String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw wrong(field + ": expected JSON, found a text that is no JSON");
    }
  }

  private @Nullable JsonNode value(String field) {
    read.add(field);
    return row.get(field);
  }

  /** Counts a field as read, whatever it holds. */
  public void skip(String field) {
    read.add(field);
  }

  /** Returns a field's value, which must not be null. */
  public JsonNode required(String field) {
    JsonNode value = value(field);
    if (value == null) {
      throw wrong("no field " + field + NearMiss.hint(field, fields()));
    }
    if (value.isNull()) {
      throw wrong(field + " is null; expected a text");
    }
    return value;
  }

  /** Reads a boolean; in a table, true, false, 1 or 0. */
  public boolean flag(String field) {
    String word = required(field).asText().toLowerCase(Locale.ROOT);
    if (!FLAGS.containsKey(word)) {
      throw wrong(field + ": expected true or false, found " + required(field));
    }
    return FLAGS.get(word);
  }

  /** Reads a text. */
  public String text(String field) {
    JsonNode value = required(field);
    if (!value.isTextual()) {
      throw wrong(field + ": expected a text, found " + value.getNodeType() + quoted(value));
    }
    return value.asText();
  }

  /** Reads a text, or a number or a boolean as its text. */
  public String anyText(String field) {
    JsonNode value = required(field);
    if (value.isContainerNode()) {
      throw wrong(field + ": expected a text, found " + value.getNodeType());
    }
    return value.asText();
  }

  /** Reads a list of texts; in a table, its JSON text; a text without brackets is one text. */
  public List<String> texts(String field) {
    JsonNode value = required(field);
    if (value.isTextual() && value.asText().strip().startsWith("[")) {
      value = structure(field, value.asText());
    }
    if (!value.isArray()) {
      return new ArrayList<>(List.of(anyText(field)));
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode element : value) {
      if (element.isContainerNode() || element.isNull()) {
        throw wrong(field + ": expected a list of texts, found " + element);
      }
      texts.add(element.asText());
    }
    return texts;
  }

  /** Reads a finite number; in a table, its text. */
  public double number(String field) {
    JsonNode value = required(field);
    double number = parsed(value.asText().strip());
    if (!Double.isFinite(number)) {
      throw wrong(field + ": expected a number, found " + value);
    }
    return number;
  }

  private static double parsed(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  String optionalText(String field) {
    JsonNode value = value(field);
    return value == null || value.isNull() ? "" : text(field);
  }

  private List<Message> messages(String field) {
    JsonNode value = required(field);
    if (value.isTextual()) { // a table's cell
      try {
        value = JSON.readTree(value.asText());
      } catch (JsonProcessingException e) {
        throw wrong(field + ": expected a list of messages, found a text that is not JSON");
      }
    }
    if (value.isValueNode()) {
      throw wrong(
          "%s: expected a text or a list of messages, found %s%s"
              .formatted(field, value.getNodeType(), quoted(value)));
    }
    try {
      return parser.messages(field, value);
    } catch (UserError e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private static String quoted(JsonNode value) {
    return value.isValueNode() ? "; write it in quotes: \"" + value.asText() + "\"" : "";
  }
}
