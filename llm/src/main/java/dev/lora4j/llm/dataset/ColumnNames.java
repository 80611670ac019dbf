package dev.lora4j.llm.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.NearMiss;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Column names: those of the data formats, alternative spellings, and common synonyms. */
final class ColumnNames {
  private static final Set<String> OF_FORMS = ofForms();
  private static final Set<String> KNOWN = known();
  private static final List<String> PROMPTS =
      List.of("prompt", "question", "query", "instruction", "input");
  private static final List<String> ANSWERS =
      List.of("completion", "answer", "response", "output", "reply", "target");

  private ColumnNames() {}

  private static Set<String> ofForms() {
    Set<String> names = new TreeSet<>();
    DataFormat.all().forEach(form -> names.addAll(form.fields()));
    return names;
  }

  private static Set<String> known() {
    Set<String> names = new TreeSet<>(OF_FORMS);
    names.addAll(RowParser.OPTIONAL);
    return names;
  }

  /**
   * Returns the fields of a row that have a known name in another letter case, unless the row has
   * that name too.
   *
   * @return known name → name in the row
   */
  static Map<String, String> inOtherCase(JsonNode row) {
    Map<String, String> found = new LinkedHashMap<>();
    Set<String> repeated = new HashSet<>();
    row.fieldNames()
        .forEachRemaining(
            name -> {
              String known = name.toLowerCase(Locale.ROOT);
              boolean other = !known.equals(name) && KNOWN.contains(known) && !row.has(known);
              if (other && found.put(known, name) != null) {
                repeated.add(known);
              }
            });
    found.keySet().removeAll(repeated);
    return found;
  }

  /** Returns the error for fields that no format has, with the option that maps them. */
  static String noForm(Collection<String> fields) {
    StringBuilder problem = new StringBuilder("no data format has the fields ");
    problem.append(String.join(", ", fields));
    for (String field : fields) {
      List<String> near = NearMiss.nearest(field, OF_FORMS);
      if (!near.isEmpty() && !OF_FORMS.contains(field)) {
        problem.append("; ").append(field).append(": did you mean ");
        problem.append(String.join(" or ", near)).append('?');
      }
    }
    problem.append("\nexpected one of");
    for (DataFormat form : DataFormat.all()) {
      if (!form.fields().isEmpty()) {
        problem.append("\n  ").append(String.join(", ", form.fields()));
      }
    }
    return problem
        .append("\nor map other names to them: --columns ")
        .append(mapping(fields).orElse("prompt=question,completion=answer"))
        .toString();
  }

  /** The value of {@code --columns} that reads common names as prompt and completion. */
  private static Optional<String> mapping(Collection<String> fields) {
    Optional<String> prompt = first(PROMPTS, fields);
    Optional<String> answer = first(ANSWERS, fields);
    if (prompt.isEmpty() || answer.isEmpty()) {
      return Optional.empty();
    }
    boolean instruction = prompt.get().equalsIgnoreCase("instruction");
    List<String> parts = new ArrayList<>();
    parts.add(part(instruction ? "instruction" : "prompt", prompt.get()));
    parts.add(part(instruction ? "output" : "completion", answer.get()));
    if (instruction) {
      first(List.of("context"), fields).ifPresent(context -> parts.add(part("input", context)));
    }
    parts.removeIf(String::isEmpty);
    String value = String.join(",", parts);
    return Optional.of(value.contains(" ") ? '"' + value + '"' : value);
  }

  private static String part(String known, String column) {
    return known.equalsIgnoreCase(column) ? "" : known + "=" + column;
  }

  private static Optional<String> first(List<String> wanted, Collection<String> fields) {
    Stream<String> found =
        wanted.stream().flatMap(name -> fields.stream().filter(name::equalsIgnoreCase));
    return found.findFirst();
  }
}
