package dev.lora4j.llm.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.lora4j.llm.jinja.value.TemplateError;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A hostile template ends within two seconds and 300 MB, with a text or a {@link TemplateError}.
 */
class TemplateLimitsTest {
  private static final Path HOSTILE = Path.of("../../shared/cases/hostile/templates.txt");
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-03-04T15:06:07Z"), ZoneOffset.UTC);
  private static final Map<String, Object> CONVERSATION =
      Map.of(
          "messages",
          List.of(
              Map.of("role", "user", "content", "Hi"),
              Map.of("role", "assistant", "content", "Hello")));

  private static String render(String source) {
    return Template.parse(source, CLOCK).render(CONVERSATION).text();
  }

  static List<String> hostileTemplates() throws IOException {
    return Files.exists(HOSTILE) ? Files.readAllLines(HOSTILE) : List.of("0\tabsent");
  }

  @ParameterizedTest
  @MethodSource("hostileTemplates")
  void hostileTemplateEndsWithinTheLimits(String line) {
    assumeTrue(Files.exists(HOSTILE), "needs ../shared/cases");
    endsWithinTheLimits(line.substring(line.indexOf('\t') + 1));
  }

  private static void endsWithinTheLimits(String source) {
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long bytes = thread.getCurrentThreadAllocatedBytes();
    long begin = thread.getCurrentThreadCpuTime();
    try {
      assertThat(render(source)).isNotNull();
    } catch (TemplateError e) {
      assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(2000);
    }
    long millis = (thread.getCurrentThreadCpuTime() - begin) / 1_000_000;
    long allocated = (thread.getCurrentThreadAllocatedBytes() - bytes) >> 20;
    assertThat(millis).as("milliseconds").isLessThan(2000);
    assertThat(allocated).as("megabytes").isLessThan(300);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ ('a'*30000000 ~ 'b') in ('a'*60000000) }}",
        "{{ ('a'*9000000).count('a'*4000000 ~ 'b') }}",
        "{{ ('a'*9000000).split('a'*4000000 ~ 'b')|length }}",
        "{{ ('a'*9000000).rsplit('a'*4000000 ~ 'b')|length }}",
        "{{ ('a'*9000000).replace('a'*4000000 ~ 'b', '')|length }}",
        "{% set s = 'x'*9000000 %}{% for i in range(99999) %}{% if s == s ~ '' %}{% endif %}{% endfor %}",
        "{% set s = 'x'*9000000 %}{% for i in range(99999) %}{% if s|upper %}{% endif %}{% endfor %}",
        "{% set s = 'x'*9000000 %}{% for i in range(99999) %}{{ s|length }}{{ s[9] }}{% endfor %}",
        "{{ ('x'*9000000)|list|length }}",
        "{% for c in 'x'*9000000 %}{% endfor %}",
        "{% set s = 'x'*9000000 %}{{ [s, s, s, s, s, s, s, s] }}",
        "{% set s = 'x'*9000000 %}{{ [s, s, s, s, s, s, s, s]|tojson }}",
        "{{ ['\\u0001'*20000000]|tojson }}",
        "{{ ('a,'*1000000).split(',')|join('x'*1000000) }}",
        "{{ strftime_now('%Y' * 1000000) }}",
        "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}",
        "{% set n = namespace(l=1) %}{% for i in range(999) %}{% set n.l = [n.l] %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      })
  void excessIsRefusedWithTheLimit(String source) {
    assertThatThrownBy(() -> render(source))
        .isInstanceOf(TemplateError.class)
        .hasMessageContaining("the limit");
    endsWithinTheLimits(source);
  }

  @Test
  void longChainsAndDeepNestingAreRefused() {
    List<String> sources = new ArrayList<>();
    sources.add("{{ 1" + " + 1".repeat(50_000) + " }}");
    sources.add("{{ 1" + "|int".repeat(50_000) + " }}");
    sources.add("{{ " + "not ".repeat(50_000) + "1 }}");
    sources.add("{{ " + "-".repeat(50_000) + "1 }}");
    sources.add("{{ 1" + " if 1 else 1".repeat(50_000) + " }}");
    sources.add("{{ " + "[".repeat(5_000) + "]".repeat(5_000) + " }}");
    sources.add("{% if 1 %}".repeat(5_000) + "{% endif %}".repeat(5_000));
    for (String source : sources) {
      assertThatThrownBy(() -> render(source))
          .as(source.substring(0, 20))
          .isInstanceOf(TemplateError.class)
          .hasMessageContaining("nests too deeply")
          .hasMessageContaining("the limit");
    }
  }

  @Test
  void longChoiceIsNotNesting() {
    String source = "{% if 0 %}{% " + "elif 0 %}{% ".repeat(1_000) + "else %}end{% endif %}";
    assertThat(render(source)).isEqualTo("end");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ range(9223372036854775806, 9223372036854775807, 5) }}=[9223372036854775806]",
        "{{ 'abc'[1::9223372036854775807] }}=b",
        "{{ 'abc'[-1::-9223372036854775807] }}=c",
        "{{ messages|map(attribute='99999999999999999999')|list }}=[Undefined, Undefined]",
        "{{ messages|selectattr('99999999999999999999')|list }}=[]",
        "{{ 'añ😀z'[2] }}{{ 'añ😀z'[-1] }}{{ 'añ😀z'[1:3] }}{{ 'añ😀z'[::-1] }}=😀zñ😀z😀ña",
      })
  void extremeNumbersMeanWhatPythonMeans(String line) {
    int at = line.lastIndexOf('=');
    assertThat(render(line.substring(0, at))).isEqualTo(line.substring(at + 1));
  }
}
