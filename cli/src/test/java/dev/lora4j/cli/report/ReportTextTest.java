package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.Summary;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTextTest {
  private static ReportText cifar10(List<String> tuned) {
    return new ReportText(Reports.of("CIFAR-10", Reports.CLASSES, tuned));
  }

  @Test
  void headlineHasAccuracyAndParameters() {
    assertThat(new ReportText(Reports.cifar10()).headline())
        .isEqualTo(
            "bird, cat, dog: 41.2 % → 62.9 % by training 3,272 of 78,110 parameters (4.2 %)");
  }

  @Test
  void manyClassesAreAbbreviated() {
    ReportText text = cifar10(List.of("plane", "car", "bird", "cat", "deer", "dog"));

    assertThat(text.headline()).startsWith("plane, car, bird and 3 more: ");
    assertThat(text.tunedNames()).isEqualTo("plane, car, bird and 3 more");
  }

  @Test
  void namesAreJoinedByCommasAndAnd() {
    assertThat(cifar10(List.of("cat")).tunedNames()).isEqualTo("cat");
    assertThat(cifar10(List.of("cat", "dog")).tunedNames()).isEqualTo("cat and dog");
    assertThat(cifar10(Reports.TUNED).tunedNames()).isEqualTo("bird, cat and dog");
  }

  @Test
  void smallShareHasMoreDigits() {
    assertThat(trained(1, 299)).isEqualTo("0.33 %");
    assertThat(trained(1, 99_999)).isEqualTo("0.0010 %");
  }

  private static String trained(long trainable, long frozen) {
    return new ReportText(Reports.withParameters(new Summary(trainable, frozen, "")))
        .trainedShare();
  }

  @Test
  void fallIsExplainedAsForgetting() {
    assertThat(new ReportText(Reports.cifar10()).whyOverall())
        .contains("fell from 55.4 % to 26.2 %", "catastrophic forgetting", "61.5 % to 9.8 %");
  }

  @Test
  void fineTuningAllClassesForgetsNone() {
    assertThat(cifar10(Reports.CLASSES).whyOverall())
        .contains("none to forget", "from 55.4 % to 26.2 %")
        .doesNotContain("catastrophic");
  }

  @Test
  void riseIsNotDescribedAsAFall() {
    assertThat(new ReportText(Reports.swapped()).whyOverall())
        .contains("from 26.2 % to 55.4 %", "although fine-tuning saw only images of bird")
        .doesNotContain("fell");
  }

  @Test
  void failedChecksAreReportedAsBugs() {
    ReportText text = new ReportText(Reports.broken());

    assertThat(text.restoring()).contains("This is a bug");
    assertThat(text.merging()).contains("0.25", "more than rounding explains");
    assertThat(text.mergesExactly()).isFalse();
  }
}
