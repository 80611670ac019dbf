package dev.lora4j.llm.task.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class RankingScoreTest {

  @Test
  void figuresAreThoseComputedByHand() {
    RankingScore.Ranked third =
        new RankingScore.Ranked(new double[] {0.9, 0.8, 0.7, 0.1}, new double[] {0, 0, 1, 0});
    RankingScore.Ranked none =
        new RankingScore.Ranked(new double[] {0.5, 0.4}, new double[] {0, 0});
    RankingScore.Ranked first =
        new RankingScore.Ranked(new double[] {0.1, 0.4}, new double[] {0, 1});

    RankingScore score = RankingScore.of(List.of(third, none, first));

    assertThat(score.queries()).isEqualTo(2);
    assertThat(score.reciprocalRank()).isCloseTo((1.0 / 3 + 1) / 2, within(1e-12));
    assertThat(score.ndcg()).isCloseTo((0.5 + 1) / 2, within(1e-12)); // 1 / log₂ 4
    assertThat(score.recallAt1()).isEqualTo(0.5);
    assertThat(score.recallAt5()).isEqualTo(1);
  }
}
