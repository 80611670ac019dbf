package dev.lora4j.llm.jinja.value;

import java.util.List;

/** A statement of a template. */
@FunctionalInterface
public interface Statement {
  /** The control flow after a statement. */
  enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  Flow run(RenderState run);

  static Statement all(List<Statement> statements) {
    List<Statement> fixed = List.copyOf(statements);
    return run -> {
      for (Statement statement : fixed) {
        run.budget().steps(1);
        Flow flow = statement.run(run);
        if (flow != Flow.ON) {
          return flow;
        }
      }
      return Flow.ON;
    };
  }
}
