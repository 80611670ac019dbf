package dev.lora4j.models.text.jinja;

import java.util.List;

/** What a piece of a template does. */
@FunctionalInterface
interface Statement {
  /** How the statements around it go on. */
  enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  Flow run(Run run);

  static Statement all(List<Statement> statements) {
    List<Statement> fixed = List.copyOf(statements);
    return run -> {
      for (Statement statement : fixed) {
        run.spend(1);
        Flow flow = statement.run(run);
        if (flow != Flow.ON) {
          return flow;
        }
      }
      return Flow.ON;
    };
  }
}
