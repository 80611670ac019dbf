package dev.lora4j.llm.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-03-04T15:06:07Z"), ZoneOffset.UTC);

  @TestFactory
  List<DynamicTest> meansWhatJinjaMeans() throws IOException {
    try (InputStream in =
        TemplateTest.class.getResourceAsStream("/fixtures/text/chat/language.json")) {
      List<DynamicTest> tests = new ArrayList<>();
      for (JsonNode one : JSON.readTree(Objects.requireNonNull(in)).path("cases")) {
        tests.add(DynamicTest.dynamicTest(one.path("title").asText(), () -> check(one)));
      }
      return tests;
    }
  }

  private static void check(JsonNode one) {
    Map<String, Object> variables =
        JSON.convertValue(one.path("variables"), new TypeReference<>() {});
    String source = one.path("template").asText();
    if (one.has("error")) {
      assertThatThrownBy(() -> Template.parse(source, CLOCK).render(variables))
          .isInstanceOf(TemplateError.class);
    } else {
      assertThat(Template.parse(source, CLOCK).render(variables).text())
          .isEqualTo(one.path("text").asText());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{{ 'ab' * 1000000000 }}",
        "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s.replace('a', 'aa') %}"
            + "{% endfor %}",
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{{ range(10000000) }}",
        "{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}",
      })
  void runawayTemplateIsStopped(String source) {
    Template template = Template.parse(source, CLOCK);
    assertThatThrownBy(() -> template.render(Map.of())).isInstanceOf(TemplateError.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ ''.getClass() }}",
        "{{ x.class }}",
        "{{ x.__class__.__mro__ }}",
        "{{ x.hashCode() }}",
        "{{ [].getClass().forName('java.lang.Runtime') }}",
        "{{ m.clear() }}",
        "{{ strftime_now.getClass() }}",
      })
  void javaIsUnreachable(String source) {
    Template template = Template.parse(source, CLOCK);
    Map<String, Object> variables = Map.of("x", "text", "m", Map.of("a", 1));
    try {
      assertThat(template.render(variables).text()).isEmpty();
    } catch (TemplateError e) {
      assertThat(e).hasMessageMatching("(?s).*(is not callable|is undefined).*");
    }
  }

  @Test
  void deepNestingIsAnErrorNotACrash() {
    String source = "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}";
    assertThatThrownBy(() -> Template.parse(source, CLOCK))
        .isInstanceOf(TemplateError.class)
        .hasMessageContaining("deeply");
  }

  @Test
  void integersBeyondLongKeepTheirDigits() {
    Map<String, Object> variables = Map.of("id", new BigInteger("12345678901234567890123"));

    assertThat(Template.parse("{{ id }} {{ {'id': id} | tojson }}", CLOCK).render(variables).text())
        .isEqualTo("12345678901234567890123 {\"id\": 12345678901234567890123}");
  }

  @Test
  void mistypedFilterSuggestsTheNearest() {
    assertThatThrownBy(() -> Template.parse("{{ 1 | tojsn }}", CLOCK))
        .hasMessageContaining("did you mean tojson?");
  }
}
