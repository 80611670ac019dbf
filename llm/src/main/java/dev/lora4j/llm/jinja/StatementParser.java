package dev.lora4j.llm.jinja;

import dev.lora4j.NearMiss;
import dev.lora4j.llm.jinja.Token.Kind;
import dev.lora4j.llm.jinja.value.Callable;
import dev.lora4j.llm.jinja.value.Expression;
import dev.lora4j.llm.jinja.value.Namespace;
import dev.lora4j.llm.jinja.value.PythonText;
import dev.lora4j.llm.jinja.value.RenderState;
import dev.lora4j.llm.jinja.value.Scope;
import dev.lora4j.llm.jinja.value.Statement;
import dev.lora4j.llm.jinja.value.Statement.Flow;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.jinja.value.Undefined;
import dev.lora4j.llm.jinja.value.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The parser of a template's statements: text, output expressions and tags. */
final class StatementParser {
  private static final Set<String> TAGS =
      Set.of("for", "if", "set", "macro", "generation", "break", "continue");

  /** Budget of one iteration, which creates a scope and a dozen variables. */
  private static final int TURN_OF_A_LOOP = 60;

  private final TokenCursor tokens;
  private final ExpressionParser expressions;
  private int loops;

  StatementParser(TokenCursor tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  Statement template() {
    Statement body = body(Set.of());
    if (!tokens.at(Kind.END)) {
      throw tokens.unexpected("unexpected end tag");
    }
    return body;
  }

  /** Parses everything up to a tag with one of these names, and stops before that name. */
  private Statement body(Set<String> ends) {
    tokens.enter();
    Statement body = statements(ends);
    tokens.leave();
    return body;
  }

  private Statement statements(Set<String> ends) {
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      switch (token.kind()) {
        case TEXT -> statements.add(print(tokens.take().text()));
        case OPEN_PRINT -> statements.add(printed());
        case OPEN_TAG -> {
          tokens.take();
          if (ends.contains(tokens.peek().text())) {
            return Statement.all(statements);
          }
          statements.add(tag());
        }
        default -> {
          if (!ends.isEmpty()) {
            throw tokens.unexpected("expected {% " + String.join(" or ", ends) + " %}");
          }
          return Statement.all(statements);
        }
      }
    }
  }

  private static Statement print(String text) {
    return run -> {
      run.print(text);
      return Flow.ON;
    };
  }

  private Statement printed() {
    tokens.take();
    Expression value = expressions.tuple();
    tokens.expect(Kind.CLOSE_PRINT);
    return run -> {
      Object result = run.value(value);
      run.print(PythonText.str(result, run.budget()));
      return Flow.ON;
    };
  }

  private Statement tag() {
    Token name = tokens.expect(Kind.NAME);
    return switch (name.text()) {
      case "for" -> loop();
      case "if" -> choice();
      case "set" -> assignment();
      case "macro" -> macro();
      case "generation" -> generation();
      case "break" -> jump(Flow.BREAK, name);
      case "continue" -> jump(Flow.CONTINUE, name);
      default ->
          throw TemplateError.at(
              name.line(),
              "unknown tag {% " + name.text() + " %}" + NearMiss.suggestion(name.text(), TAGS));
    };
  }

  private Statement jump(Flow flow, Token name) {
    if (loops == 0) {
      throw TemplateError.at(name.line(), name.text() + " outside a loop");
    }
    tokens.expect(Kind.CLOSE_TAG);
    return run -> flow;
  }

  private void close(String name) {
    tokens.expectName(name);
    tokens.expect(Kind.CLOSE_TAG);
  }

  private record Branch(Expression test, Statement body) {}

  private Statement choice() {
    List<Branch> branches = new ArrayList<>();
    do {
      Expression test = expressions.tuple();
      tokens.expect(Kind.CLOSE_TAG);
      branches.add(new Branch(test, body(Set.of("elif", "else", "endif"))));
    } while (tokens.skipName("elif"));
    Statement otherwise = run -> Flow.ON;
    if (tokens.skipName("else")) {
      tokens.expect(Kind.CLOSE_TAG);
      otherwise = body(Set.of("endif"));
    }
    close("endif");
    branches.add(new Branch(run -> true, otherwise));
    return run -> chosen(branches, run).run(run);
  }

  private static Statement chosen(List<Branch> branches, RenderState run) {
    for (Branch branch : branches) {
      if (Values.truth(run.value(branch.test()))) {
        return branch.body();
      }
    }
    throw new IllegalStateException("the last branch is always taken");
  }

  private Statement loop() {
    List<String> targets = targets();
    tokens.expectName("in");
    Expression source = expressions.withoutCondition();
    Expression filter = tokens.skipName("if") ? expressions.expression() : run -> true;
    if (tokens.atName("recursive")) {
      throw tokens.unexpected("recursive loops are not supported");
    }
    tokens.expect(Kind.CLOSE_TAG);
    loops++;
    Statement body = body(Set.of("else", "endfor"));
    loops--;
    Statement empty = run -> Flow.ON;
    if (tokens.skipName("else")) {
      tokens.expect(Kind.CLOSE_TAG);
      empty = body(Set.of("endfor"));
    }
    close("endfor");
    Statement otherwise = empty;
    return run -> {
      List<Object> items =
          kept(targets, Values.items(run.value(source), run.budget()), filter, run);
      return items.isEmpty() ? otherwise.run(run) : each(targets, items, body, run);
    };
  }

  private static List<Object> kept(
      List<String> targets, List<Object> items, Expression filter, RenderState run) {
    items.removeIf(
        item -> {
          run.budget().steps(1);
          Scope scope = new Scope(run.scope());
          return !run.inside(
              scope,
              () -> {
                assign(targets, item, scope, run);
                return Values.truth(run.value(filter));
              });
        });
    return items;
  }

  private static Flow each(
      List<String> targets, List<Object> items, Statement body, RenderState run) {
    for (int i = 0; i < items.size(); i++) {
      run.budget().steps(TURN_OF_A_LOOP);
      Scope scope = new Scope(run.scope());
      assign(targets, items.get(i), scope, run);
      scope.set("loop", Loop.at(i, items));
      if (run.inside(scope, () -> body.run(run)) == Flow.BREAK) {
        break;
      }
    }
    return Flow.ON;
  }

  private List<String> targets() {
    boolean parenthesis = tokens.skipOperator("(");
    List<String> names = new ArrayList<>(List.of(tokens.name()));
    while (tokens.skipOperator(",")) {
      names.add(tokens.name());
    }
    if (parenthesis) {
      tokens.expectOperator(")");
    }
    return names;
  }

  private static void assign(List<String> targets, Object value, Scope scope, RenderState run) {
    if (targets.size() == 1) {
      scope.set(targets.get(0), value);
      return;
    }
    List<Object> parts = Values.items(value, run.budget());
    if (parts.size() != targets.size()) {
      throw new TemplateError(
          "expected " + targets.size() + " values, found " + Values.named(value));
    }
    for (int i = 0; i < parts.size(); i++) {
      scope.set(targets.get(i), parts.get(i));
    }
  }

  private Statement assignment() {
    if (tokens.peekSecond().is(Kind.OPERATOR, ".")) {
      return attributeAssignment();
    }
    List<String> targets = targets();
    if (tokens.skipOperator("=")) {
      Expression value = expressions.tuple();
      tokens.expect(Kind.CLOSE_TAG);
      return run -> {
        assign(targets, run.value(value), run.scope(), run);
        return Flow.ON;
      };
    }
    tokens.expect(Kind.CLOSE_TAG);
    Statement body = body(Set.of("endset"));
    close("endset");
    return run -> {
      assign(targets, captured(body, run), run.scope(), run);
      return Flow.ON;
    };
  }

  private Statement attributeAssignment() {
    Token variable = tokens.expect(Kind.NAME);
    tokens.expectOperator(".");
    String attribute = tokens.name();
    tokens.expectOperator("=");
    Expression value = expressions.tuple();
    tokens.expect(Kind.CLOSE_TAG);
    return run -> {
      if (!(run.scope().get(variable.text()) instanceof Namespace namespace)) {
        throw TemplateError.at(variable.line(), variable.text() + " is not a namespace");
      }
      namespace.set(attribute, run.value(value));
      return Flow.ON;
    };
  }

  private static String captured(Statement body, RenderState run) {
    return run.captured(() -> run.inside(new Scope(run.scope()), () -> body.run(run)));
  }

  private Statement macro() {
    String name = tokens.name();
    Map<String, Expression> parameters = parameters();
    tokens.expect(Kind.CLOSE_TAG);
    Statement body = body(Set.of("endmacro"));
    close("endmacro");
    Callable macro =
        (run, arguments) -> {
          Scope scope = new Scope(run.outermost());
          int index = 0;
          for (Map.Entry<String, Expression> parameter : parameters.entrySet()) {
            Object given =
                arguments
                    .get(index++, parameter.getKey())
                    .orElseGet(() -> run.value(parameter.getValue()));
            scope.set(parameter.getKey(), given);
          }
          return run.captured(() -> run.inside(scope, () -> body.run(run)));
        };
    return run -> {
      run.scope().set(name, macro);
      return Flow.ON;
    };
  }

  private Map<String, Expression> parameters() {
    Map<String, Expression> parameters = new LinkedHashMap<>();
    tokens.expectOperator("(");
    tokens.items(
        ")",
        () -> {
          String name = tokens.name();
          Expression other =
              tokens.skipOperator("=") ? expressions.expression() : run -> new Undefined(name);
          parameters.put(name, other);
        });
    return parameters;
  }

  private Statement generation() {
    tokens.expect(Kind.CLOSE_TAG);
    Statement body = body(Set.of("endgeneration"));
    close("endgeneration");
    return run -> run.generating(() -> run.inside(new Scope(run.scope()), () -> body.run(run)));
  }
}
