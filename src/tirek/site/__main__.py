from tirek.site.cli import main

main()
