package peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kie.api.KieBase;
import org.kie.api.io.ResourceType;
import org.kie.api.runtime.KieSession;
import org.kie.internal.utils.KieHelper;

/**
 * Drools on the plain work: a rule for each promotion on facts that sum up a category; percents are taken here.
 *
 * <p>java peer.Run cases.json seconds prints {"microseconds": […], "totals": […]}.
 */
public final class Run {
    /** What a basket has of a category. */
    public static final class Category {
        private final String name;
        private long quantity;
        private long subtotal;

        Category(String name) {
            this.name = name;
        }

        public String getName() {
            return name;
        }

        public long getQuantity() {
            return quantity;
        }

        public long getSubtotal() {
            return subtotal;
        }
    }

    /** Collects what rules take off. */
    public static final class Cuts {
        private long total;

        public void take(Category category, int percent) {
            total += category.subtotal * percent / 100;
        }
    }

    record Line(String category, long price, long quantity) {}

    public static void main(String[] arguments) throws Exception {
        JsonNode cases = new ObjectMapper().readTree(new File(arguments[0]));
        double seconds = Double.parseDouble(arguments[1]);
        KieBase rules = rules(cases.get("rulebook").get("promotions"));
        List<List<Line>> baskets = new ArrayList<>();
        for (JsonNode basket : cases.get("baskets")) {
            List<Line> lines = new ArrayList<>();
            for (JsonNode line : basket.get("lines")) {
                lines.add(new Line(
                    line.get("category").asText(), line.get("unit_price").asLong(), line.get("quantity").asLong()));
            }
            baskets.add(lines);
        }
        List<Long> totals = new ArrayList<>();
        for (List<Line> basket : baskets) {
            totals.add(total(rules, basket));
        }
        repeat(rules, baskets, seconds / 2); // the compiler of the virtual machine needs some time
        List<Double> spent = repeat(rules, baskets, seconds);
        System.out.println(new ObjectMapper().writeValueAsString(Map.of("microseconds", spent, "totals", totals)));
    }

    private static List<Double> repeat(KieBase rules, List<List<Line>> baskets, double seconds) {
        List<Double> spent = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() < end || spent.size() < baskets.size()) {
            for (List<Line> basket : baskets) {
                long begun = System.nanoTime();
                total(rules, basket);
                spent.add((System.nanoTime() - begun) / 1000.0);
            }
        }
        return spent;
    }

    private static KieBase rules(JsonNode promotions) {
        StringBuilder text = new StringBuilder("import peer.Run.Category;\nglobal peer.Run.Cuts cuts;\n");
        for (JsonNode promotion : promotions) {
            JsonNode need = promotion.get("when").get(0);
            String least = need.has("n")
                ? "quantity >= " + need.get("n").asInt()
                : "subtotal >= " + need.get("amount").asInt();
            text.append("rule \"").append(promotion.get("id").asText()).append("\" when $c: Category(name == \"")
                .append(need.get("scope").get("category_in").get(0).asText()).append("\", ").append(least)
                .append(") then cuts.take($c, ").append(promotion.get("effects").get(0).get("percent").asInt())
                .append("); end\n");
        }
        return new KieHelper().addContent(text.toString(), ResourceType.DRL).build();
    }

    private static long total(KieBase rules, List<Line> basket) {
        Map<String, Category> categories = new HashMap<>();
        long due = 0;
        for (Line line : basket) {
            Category category = categories.computeIfAbsent(line.category(), Category::new);
            category.quantity += line.quantity();
            category.subtotal += line.quantity() * line.price();
            due += line.quantity() * line.price();
        }
        KieSession session = rules.newKieSession();
        Cuts cuts = new Cuts();
        session.setGlobal("cuts", cuts);
        categories.values().forEach(session::insert);
        session.fireAllRules();
        session.dispose();
        return due - cuts.total;
    }
}
