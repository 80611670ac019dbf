package dev.lora4j.llm.constrain.grammar;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TextBudgetTest {
  private final List<ParseState> states = new ArrayList<>();

  @BeforeEach
  void readAText() {
    GrammarBuilder builder = new GrammarBuilder();
    String text = "a text of more than thirty-two bytes";
    Grammar grammar = builder.build(builder.literal(text, builder.end()));
    ParseState state = grammar.start();
    for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
      states.add(state);
      state = grammar.read(state, value);
    }
  }

  @Test
  void aMaskOfAFewTokensAgoCostsNothingAgain() {
    TextBudget budget = new TextBudget(100);

    budget.spend(states.get(0), 60, Map.of());
    assertThatCode(() -> budget.spend(states.get(0), 60, Map.of())).doesNotThrowAnyException();

    assertThatThrownBy(() -> budget.spend(states.get(1), 60, Map.of()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("too complex for an answer of this length");
  }

  @Test
  void nodesThatStatesShareCostOnce() {
    TextBudget budget = new TextBudget(100);
    Map<GrammarNode, Long> shared = Map.of(states.get(0).places().get(0).node(), 70L);

    assertThatCode(() -> states.subList(0, 3).forEach(one -> budget.spend(one, 1, shared)))
        .doesNotThrowAnyException();
    assertThatThrownBy(
            () -> budget.spend(states.get(3), 1, Map.of(states.get(3).places().get(0).node(), 70L)))
        .isInstanceOf(UserError.class);
  }

  @Test
  void aMaskOfManyTokensAgoCostsAgainBecauseItIsNoLongerCached() {
    TextBudget budget = new TextBudget(states.size());
    states.forEach(state -> budget.spend(state, 1, Map.of()));

    assertThatThrownBy(() -> budget.spend(states.get(0), 1, Map.of()))
        .isInstanceOf(UserError.class);
  }

  @Test
  void eachTokenAddsToTheBudget() {
    TextBudget budget = new TextBudget(1);
    budget.addToken();

    assertThatCode(() -> budget.spend(states.get(0), WorkBudget.LIMIT / 10, Map.of()))
        .doesNotThrowAnyException();
  }
}
