package dev.lora4j.llm.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class EntityScoreTest {

  private static List<String> labels(String text) {
    return List.of(text.split(" ", -1));
  }

  @Test
  void anEntityIsRightIfTypeAndBothEndsAre() {
    EntityScore score =
        EntityScore.of(
            List.of(labels("B-PER I-PER O B-LOC"), labels("O B-LOC I-LOC O")),
            List.of(labels("B-PER I-PER O B-PER"), labels("O B-LOC O O")));

    assertThat(score.precision()).isCloseTo(1.0 / 3, within(1e-12)); // PER, PER at LOC, short LOC
    assertThat(score.recall()).isCloseTo(1.0 / 3, within(1e-12));
    assertThat(score.types()).extracting(ClassScore::name).containsExactly("LOC", "PER");
    assertThat(score.types().get(0).f1()).isZero();
    assertThat(score.types().get(1).recall()).isEqualTo(1);
  }

  @Test
  void aBeginningEndsTheEntityBeforeIt() {
    EntityScore score =
        EntityScore.of(List.of(labels("B-LOC B-LOC")), List.of(labels("B-LOC I-LOC")));

    assertThat(score.f1()).isZero();
  }

  @Test
  void anInsideWithoutABeginningBeginsAnEntity() {
    EntityScore score =
        EntityScore.of(List.of(labels("O I-LOC I-PER")), List.of(labels("O B-LOC B-PER")));

    assertThat(score.f1()).isEqualTo(1);
  }
}
