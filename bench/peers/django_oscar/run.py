"""django-oscar's offers on the plain work: a site-wide offer for each promotion, applied to saved baskets.

    python run.py cases.json seconds    → {"microseconds": […], "totals": […]}

Totals may be of fewer baskets than there are: with many offers one takes seconds.
"""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import django
from django.conf import settings

DASHBOARDS = (
    *("reports", "users", "orders", "catalogue", "offers", "partners"),
    *("pages", "ranges", "reviews", "vouchers", "communications", "shipping"),
)  # oscar does not start without them


def configure():
    """A shop with a database in memory and oscar's own defaults."""
    import oscar.defaults as defaults

    oscar = {name: value for name, value in vars(defaults).items() if name.startswith("OSCAR_")}
    settings.configure(
        **oscar
        | {
            "SECRET_KEY": "bench",
            "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
            "HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
            "SITE_ID": 1,
            "USE_TZ": True,
            "OSCAR_DEFAULT_CURRENCY": "CNY",
            "INSTALLED_APPS": [
                "django.contrib.admin",
                "django.contrib.auth",
                "django.contrib.contenttypes",
                "django.contrib.sessions",
                "django.contrib.messages",
                "django.contrib.sites",
                "django.contrib.flatpages",
                "oscar.config.Shop",
                "oscar.apps.analytics.apps.AnalyticsConfig",
                "oscar.apps.checkout.apps.CheckoutConfig",
                "oscar.apps.address.apps.AddressConfig",
                "oscar.apps.shipping.apps.ShippingConfig",
                "oscar.apps.catalogue.apps.CatalogueConfig",
                "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
                "oscar.apps.communication.apps.CommunicationConfig",
                "oscar.apps.partner.apps.PartnerConfig",
                "oscar.apps.basket.apps.BasketConfig",
                "oscar.apps.payment.apps.PaymentConfig",
                "oscar.apps.offer.apps.OfferConfig",
                "oscar.apps.order.apps.OrderConfig",
                "oscar.apps.customer.apps.CustomerConfig",
                "oscar.apps.search.apps.SearchConfig",
                "oscar.apps.voucher.apps.VoucherConfig",
                "oscar.apps.wishlists.apps.WishlistsConfig",
                "oscar.apps.dashboard.apps.DashboardConfig",
                *(f"oscar.apps.dashboard.{part}.apps.{part.title()}DashboardConfig" for part in DASHBOARDS),
                "widget_tweaks",
                "haystack",
                "treebeard",
                "django_tables2",
            ],
        }
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, run_syncdb=True)


def offers(promotions):
    """A category, a range and an offer for each promotion; the categories by name."""
    from oscar.core.loading import get_model

    Category, Range = get_model("catalogue", "Category"), get_model("offer", "Range")
    Condition, Benefit = get_model("offer", "Condition"), get_model("offer", "Benefit")
    categories = {}
    for promotion in promotions:
        [need] = promotion["when"]
        [name] = need["scope"]["category_in"]
        categories[name] = Category.add_root(name=name, slug=name)
        goods = Range.objects.create(name=name, slug=name)
        goods.included_categories.add(categories[name])
        kind, value = (
            (Condition.COUNT, Decimal(need["n"])) if "n" in need else (Condition.VALUE, Decimal(need["amount"]) / 100)
        )
        get_model("offer", "ConditionalOffer").objects.create(
            name=promotion["id"],
            slug=promotion["id"],
            condition=Condition.objects.create(range=goods, type=kind, value=value),
            benefit=Benefit.objects.create(
                range=goods, type=Benefit.PERCENTAGE, value=Decimal(promotion["effects"][0]["percent"])
            ),
        )
    return categories


def saved(document, categories, partner, product_class):
    """A saved basket with its products and prices."""
    from oscar.apps.partner.strategy import Default
    from oscar.core.loading import get_model

    Product, Stock = get_model("catalogue", "Product"), get_model("partner", "StockRecord")
    basket = get_model("basket", "Basket").objects.create()
    basket.strategy = Default()
    for line in document["lines"]:
        product = Product.objects.create(title=line["sku"], product_class=product_class)
        product.categories.add(categories[line["category"]])
        price = Decimal(line["unit_price"]) / 100
        Stock.objects.create(
            partner=partner,
            product=product,
            partner_sku=f"{basket.id}-{line['id']}",
            price=price,
            price_currency="CNY",
            num_in_stock=100,
        )
        basket.add_product(product, line["quantity"])
    return basket


def total(basket, applicator):
    """The basket's total in minor units after all offers."""
    basket.reset_offer_applications()
    applicator.apply(basket, None, None)
    return int(basket.total_incl_tax * 100)


def main():
    configure()
    from oscar.apps.offer.applicator import Applicator
    from oscar.core.loading import get_model

    cases, seconds = json.loads(Path(sys.argv[1]).read_text()), float(sys.argv[2])
    categories = offers(cases["rulebook"]["promotions"])
    partner = get_model("partner", "Partner").objects.create(name="shop")
    product_class = get_model("catalogue", "ProductClass").objects.create(
        name="goods", requires_shipping=False, track_stock=False
    )
    applicator, spent, totals = Applicator(), [], []
    end = time.perf_counter() + 4 * seconds
    for document in cases["baskets"]:
        basket = saved(document, categories, partner, product_class)
        begun = time.perf_counter()
        totals.append(total(basket, applicator))
        spent.append((time.perf_counter() - begun) * 1e6)
        if time.perf_counter() > end:
            break
    spent = spent[1:] or spent  # the first one warms up, where there is time for more
    print(json.dumps({"microseconds": spent, "totals": totals}))


main()
