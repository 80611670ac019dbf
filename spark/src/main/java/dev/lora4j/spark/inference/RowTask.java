package dev.lora4j.spark.inference;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** A computation for each row, and the type of its output column. */
public enum RowTask {
  /** The completion of a prompt: a string. */
  GENERATE("STRING"),
  /**
   * The label of a text, or of a pair: {@code label}, {@code probability}, {@code probabilities}.
   */
  CLASSIFY("STRUCT<label: STRING, probability: FLOAT, probabilities: MAP<STRING, FLOAT>>"),
  /** The embedding of a text: an array of floats. */
  EMBED("ARRAY<FLOAT>"),
  /** The relevance of a second text to the first: a float. */
  SCORE("FLOAT");

  private final String type;

  RowTask(String type) {
    this.type = type;
  }

  /** The type of the output column. */
  DataType outputType() {
    return this == GENERATE ? DataTypes.StringType : DataType.fromDDL(type);
  }

  /** The name in the parameters of a transformer, such as {@code generate}. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the task of a name.
   *
   * @throws UserError if there is none
   */
  static RowTask of(String word) {
    List<String> words = Stream.of(values()).map(RowTask::word).toList();
    if (!words.contains(word)) {
      throw new UserError("no task '" + word + "'" + NearMiss.hint(word, words));
    }
    return valueOf(word.toUpperCase(Locale.ROOT));
  }
}
