package dev.lora4j.models.text;

import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.List;

/**
 * Pairs to train a language model's preferences on, and what became of the data on the way.
 *
 * @param pairs in the data's order
 * @param report the figures, in which both answers of a pair count as examples
 */
public record PreferencePairs(List<PreferencePair> pairs, DataReport report) {
  public PreferencePairs {
    pairs = List.copyOf(pairs);
  }

  /**
   * Makes pairs of all rows of a file. A row of which an answer has nothing to learn is left out.
   *
   * @throws UserError when the data are no preferences, or no row has anything to learn
   */
  public static PreferencePairs of(TextData data, Tokenizer tokenizer, ExampleOptions options) {
    if (data.form() != DataForm.PREFERENCE) {
      throw new UserError(
          data.file()
              + ": expected fields "
              + String.join(", ", DataForm.PREFERENCE.fields())
              + ", found "
              + data.form().sentence());
    }
    DataCounts counts = new DataCounts();
    ExampleMaker maker = new ExampleMaker(tokenizer, options, counts);
    List<PreferencePair> pairs = new ArrayList<>();
    data.forEach(
        row -> {
          counts.row();
          if (row.sample() instanceof Sample.Preference preference) {
            List<Example> chosen = answer(maker, row, preference.chosen());
            List<Example> rejected = answer(maker, row, preference.rejected());
            if (!chosen.isEmpty() && !rejected.isEmpty()) {
              pairs.add(new PreferencePair(chosen.get(0), rejected.get(0)));
            }
          }
        });
    if (pairs.isEmpty()) {
      throw new UserError(data.file() + ": no pair has two answers to learn from");
    }
    return new PreferencePairs(pairs, counts.report(tokenizer.special().eos().isEmpty()));
  }

  private static List<Example> answer(ExampleMaker maker, TextRow row, Sample sample) {
    List<Example> made = maker.make(new TextRow(row.file(), row.number(), sample));
    if (made.size() > 1) {
      throw new UserError(row.place() + ": a preference is about one answer, found " + made.size());
    }
    return made;
  }
}
