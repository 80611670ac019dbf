package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.DataFormat;
import dev.lora4j.llm.dataset.RowParser;
import dev.lora4j.llm.dataset.Sample;
import java.util.List;

/** Completions with a label, their score, 1 or 0: {@code {"prompt", "completion", "label"}}. */
public record LabeledFormat() implements DataFormat {
  private record Labeled(Sample answer, double score) implements Sample.Rated {
    @Override
    public List<Sample> answers() {
      return List.of(answer);
    }
  }

  @Override
  public String word() {
    return "labeled";
  }

  @Override
  public List<String> fields() {
    return List.of("prompt", "completion", "label");
  }

  @Override
  public String sentence() {
    return "labelled completions (prompt, completion, label): KTO makes desirable completions"
        + " likelier and others less likely";
  }

  @Override
  public Sample parse(RowParser row) {
    return new Labeled(row.answered("prompt", "completion"), row.flag("label") ? 1 : 0);
  }
}
