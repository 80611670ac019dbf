package dev.lora4j.llm.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Reads the fields of one row; errors name file and row. */
public final class RowParser {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final Map<String, Boolean> FLAGS =
      Map.of("true", true, "1", true, "false", false, "0", false);

  private final Path file;
  private final long number;
  private final JsonNode row;

  RowParser(Path file, long number, String json) {
    this.file = file;
    this.number = number;
    try {
      row = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "row " + number + ": invalid JSON: " + e.getOriginalMessage(), e);
    }
    if (!row.isObject()) {
      throw wrong("expected an object with fields, found " + row.getNodeType());
    }
  }

  /** Returns an error that names the row. */
  public UserError wrong(String problem) {
    return new UserError(DataRow.location(file, number) + ": " + problem);
  }

  private List<String> fields() {
    List<String> names = new ArrayList<>();
    row.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Recognises the form of the row. */
  DataForm form() {
    return DataForm.of(fields()).orElseThrow(() -> wrong(noForm()));
  }

  private String noForm() {
    TreeSet<String> known = new TreeSet<>();
    StringBuilder forms = new StringBuilder();
    for (DataForm form : DataForm.all()) {
      if (!form.fields().isEmpty()) {
        known.addAll(form.fields());
        forms.append("\n  ").append(String.join(", ", form.fields()));
      }
    }
    StringBuilder problem = new StringBuilder("no form of training data has the fields ");
    problem.append(String.join(", ", fields()));
    for (String field : fields()) {
      List<String> near = NearMiss.nearest(field, known);
      if (!near.isEmpty() && !known.contains(field)) {
        problem.append("; ").append(field).append(": did you mean ");
        problem.append(String.join(" or ", near)).append('?');
      }
    }
    return problem.append("\nexpected one of").append(forms).toString();
  }

  DataRow parse(DataForm form) {
    return new DataRow(file, number, form.parse(this));
  }

  /** Reads a conversation. */
  Sample chat(String field) {
    return new Sample.Chat(messages(field), 0);
  }

  /** Reads a prompt with an answer: two texts, or two parts of a conversation. */
  public Sample answered(String prompt, String answer) {
    JsonNode first = required(prompt);
    JsonNode second = required(answer);
    if (first.isTextual() && second.isTextual()) {
      return new Sample.Completion(first.asText(), second.asText());
    }
    List<Message> messages =
        new ArrayList<>(
            first.isTextual() ? List.of(Message.user(first.asText())) : messages(prompt));
    int given = messages.size();
    messages.addAll(
        second.isTextual() ? List.of(Message.assistant(second.asText())) : messages(answer));
    return new Sample.Chat(messages, given);
  }

  private JsonNode required(String field) {
    JsonNode value = row.get(field);
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
      throw wrong(field + ": expected a text, found " + value.getNodeType());
    }
    return value.asText();
  }

  String optionalText(String field) {
    return row.hasNonNull(field) ? text(field) : "";
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
    if (!value.isArray() || value.isEmpty()) {
      throw wrong(field + ": expected a list of messages, each with role and content");
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : value) {
      messages.add(message(field + "[" + messages.size() + "]", message));
    }
    return messages;
  }

  private Message message(String where, JsonNode message) {
    if (!message.isObject()) {
      throw wrong(where + ": expected an object with role and content");
    }
    Map<String, Object> fields = JSON.convertValue(message, new TypeReference<>() {});
    if (!(fields.get("role") instanceof String)) {
      throw wrong(where + ": no field role" + NearMiss.hint("role", fields.keySet()));
    }
    if (!fields.containsKey("content") && !fields.containsKey("tool_calls")) {
      throw wrong(where + ": no field content" + NearMiss.hint("content", fields.keySet()));
    }
    return new Message(fields);
  }
}
